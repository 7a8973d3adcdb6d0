/** The settings, section by section; each asks the API for what it shows. */
import { render } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { send } from "./api";
import { Brand } from "./brand";
import type { Look } from "./mock";
import { Audit, Keys } from "./settings_keys";
import { Caps, Providers, Server, type ServerSettings } from "./settings_vendors";
import { Webhooks } from "./settings_webhooks";
import { why } from "./upload";

interface May {
  write: boolean;
  admin: boolean;
}

function Settings({ may, look, actions }: { may: May; look: Look; actions: Record<string, string> }) {
  const [settings, set] = useState<ServerSettings | null>(null);
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    send<ServerSettings>("GET", "/settings")
      .then(set)
      .catch((error) => setWrong(why(error)));
  }, []);
  useLayoutEffect(() => {
    // The sections were not there yet when the browser looked for the one that the address names.
    if (settings && location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [settings !== null]);
  const here = useHere(settings !== null);
  const there = settings !== null || wrong !== ""; // what stands below shall not be pushed down
  const sections: [string, string][] = [
    ["keys", "Providers"],
    ["caps", "Spending"],
    ["brand", "Brand"],
    ...(may.admin ? ([["api-keys", "API keys"]] as [string, string][]) : []),
    ["webhooks", "Webhooks"],
    ["server", "This server"],
    ...(may.admin ? ([["audit", "Audit log"]] as [string, string][]) : []),
  ];
  return (
    <div class="settings">
      <nav class="settings-nav" aria-label="Settings">
        <ul>
          {sections.map(([id, words]) => (
            <li key={id}>
              <a href={`#${id}`} aria-current={here === id ? "true" : undefined}>
                {words}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class={`settings-body${there ? "" : " waiting"}`}>
        {wrong && (
          <p class="alert" role="alert">
            {wrong}
          </p>
        )}
        {settings && <Providers providers={settings.providers} problem={settings.secrets_file?.problem ?? null} hint={settings.secrets_file?.hint ?? null} change={set} />}
        {settings && <Caps caps={settings.caps} />}
        {there && <Brand look={look} may={may.write} />}
        {there && may.admin && <Keys />}
        {there && <Webhooks may={may.write} />}
        {settings && <Server settings={settings} />}
        {there && may.admin && <Audit words={actions} />}
      </div>
    </div>
  );
}

/** Return the section that is read now. */
function useHere(ready: boolean): string {
  const [here, set] = useState("");
  useEffect(() => {
    const watcher = new IntersectionObserver(
      (seen) => {
        const first = seen.find((one) => one.isIntersecting);
        if (first) set(first.target.id);
      },
      { rootMargin: "-15% 0px -70%" },
    );
    for (const one of document.querySelectorAll(".setting")) watcher.observe(one);
    const more = new MutationObserver(() => {
      for (const one of document.querySelectorAll(".setting")) watcher.observe(one);
    });
    const body = document.querySelector(".settings-body");
    if (body) more.observe(body, { childList: true });
    return () => {
      watcher.disconnect();
      more.disconnect();
    };
  }, [ready]);
  return here;
}

const root = document.getElementById("settings");
if (root) {
  const data = root.dataset;
  const actions = JSON.parse(data["actions"] ?? "{}") as Record<string, string>;
  root.replaceChildren();
  render(<Settings may={{ write: data["may"] === "yes", admin: data["admin"] === "yes" }} look={{ ...data } as unknown as Look} actions={actions} />, root);
}
