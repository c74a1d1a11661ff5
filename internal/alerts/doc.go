// Package alerts tells an address of the user's (alerts.webhook_url) when
// something needs a person, and when it no longer does.
//
// # What is sent
//
// A POST with a JSON body: status (firing or resolved), reason (a stable word),
// message (a sentence), since, url, and text, which is what receivers in Slack's
// form show. It holds counts and names of models, no values of records and no
// secrets. Any 2xx means that it was taken; a redirect is not followed, because
// the address is the secret.
//
// # When
//
// A Step compares what is wrong now with sync_alerts, where what was seen and told
// stands: a restart or another daemon goes on from there. Its caller holds a lease,
// so that one daemon at a time steps.
//
//	seen, for as long as its reason wants   told: firing
//	still there a day later                 told again
//	over, and it was told                   told: resolved
//	over, and it was not                    forgotten
//	there again within an hour of firing    told when the hour is over, if it is still there
//	more than three things at once          one message of all
//
// So a reason is told at most once an hour, however often it comes and goes. A
// message that is not taken is sent again after half a minute, then after twice as
// long each time, up to a quarter of an hour; by then it tells what is true by
// then. A daemon that dies between the receiver's answer and its own note sends
// twice: the receiver is told at least once.
//
// Nothing waits for any of this: it runs beside the sync, with its own timeouts.
package alerts
