--- What keeps the overview current in a browser: it asks for the page again, and puts in what changed.
-- The answer to a version that is still current is 304 and has no body. Without scripts the page reloads itself.

return [[

(() => {
  const live = document.getElementById("live");
  let version = document.currentScript.dataset.version;
  let waiting = 0, asking = false;

  const say = text => { if (live.textContent !== text) live.textContent = text; };

  // Only parts that differ are exchanged: the others keep what somebody has selected there, and the focus.
  const show = fresh => {
    const focused = document.activeElement && document.activeElement.id;
    for (const part of fresh.querySelectorAll("#state > [id]")) {
      const shown = document.getElementById(part.id);
      if (shown.innerHTML !== part.innerHTML) shown.replaceWith(document.adoptNode(part));
    }
    const again = focused && document.getElementById(focused);
    if (again && again !== document.activeElement) again.focus({ preventScroll: true });
  };

  // No more than <main> is read: the nonce of another answer's style is not that of this page.
  const ask = async () => {
    const answer = await fetch("/", { headers: { "If-None-Match": '"' + version + '"' }, cache: "no-store" });
    if (answer.status === 304) return;
    if (answer.status !== 200) throw new Error("status " + answer.status);
    const text = await answer.text();
    show(new DOMParser().parseFromString(text.slice(text.indexOf("<main>"), text.indexOf("</main>")), "text/html"));
    version = answer.headers.get("ETag").slice(1, -1);
  };

  const look = async () => {
    if (asking || document.hidden) return;
    clearTimeout(waiting);
    asking = true;
    let pause = 1000;
    try {
      await ask();
      say("This page is live: it shows changes as they happen.");
    } catch (problem) {
      say("The sandbox does not answer: this is how it was.");
      pause = 2000;
    }
    asking = false;
    waiting = setTimeout(look, pause);
  };

  document.addEventListener("visibilitychange", look);
  look();
})();
]]
