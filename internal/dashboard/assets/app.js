// Live parts are asked for again by htmx (hx-get, every two seconds). What a
// person is using is left alone meanwhile.
"use strict";
(function () {
  var told = "";

  function inUse(region) {
    if (region.querySelector(":focus-visible")) return true;
    if (region.querySelector("input[name=sure]:checked")) return true;
    var selection = window.getSelection();
    return !!selection && !selection.isCollapsed && region.contains(selection.anchorNode);
  }

  function lost(yes) {
    var banner = document.getElementById("lost");
    if (banner) banner.hidden = !yes;
  }

  // The verdict is read out when it changes, not each time it is confirmed.
  function tell(first) {
    var region = document.querySelector("[data-say]");
    var words = region ? region.getAttribute("data-say") : "";
    var announce = document.getElementById("announce");
    if (announce && !first && words !== told) announce.textContent = words;
    told = words;
  }

  // What was opened stays open.
  function openOnes(region) {
    return Array.prototype.map.call(region.querySelectorAll("details[id][open]"), function (d) { return d.id; });
  }

  // How far tables were scrolled stays, too.
  function scrolled(region) {
    return Array.prototype.map.call(region.querySelectorAll(".scroll"), function (s) { return s.scrollLeft; });
  }

  document.addEventListener("htmx:beforeRequest", function (e) {
    if (document.hidden) e.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", function (e) {
    var region = e.detail.target;
    if (!e.detail.shouldSwap || !region) return;
    if (inUse(region)) {
      e.detail.shouldSwap = false;
      return;
    }
    var open = openOnes(region), places = scrolled(region);
    document.addEventListener("htmx:afterSwap", function () {
      open.forEach(function (id) {
        var d = document.getElementById(id);
        if (d) d.open = true;
      });
      var now = document.querySelectorAll("#live .scroll");
      if (now.length === places.length) places.forEach(function (x, i) { now[i].scrollLeft = x; });
      tell(false);
    }, { once: true });
  });
  document.addEventListener("htmx:sendError", function () { lost(true); });
  document.addEventListener("htmx:responseError", function () { lost(true); });
  document.addEventListener("htmx:afterOnLoad", function () { lost(false); });
  document.addEventListener("DOMContentLoaded", function () { tell(true); });
})();
