package capture

// WaitLess makes Install give up on a table in use after a second a try.
func WaitLess() (restore func()) {
	before := lockWait
	lockWait = 1
	return func() { lockWait = before }
}
