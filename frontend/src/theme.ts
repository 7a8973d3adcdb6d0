/** Light or dark at once; the cookie tells the server, so that its next page begins that way. */
const YEAR = 365 * 24 * 3600;

function choose(theme: string): void {
  const plain = theme === "light" || theme === "dark";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `badapple_theme=${plain ? theme : ""}; Path=/; SameSite=Lax; Max-Age=${plain ? YEAR : 0}${secure}`;
  const root = document.documentElement;
  if (plain) root.dataset["theme"] = theme;
  else delete root.dataset["theme"];
  document.querySelector('meta[name="color-scheme"]')?.setAttribute("content", plain ? theme : "light dark");
  // The colour of the browser's own frame is that of the page.
  for (const one of document.querySelectorAll('meta[name="theme-color"]')) one.remove();
  const meta = document.createElement("meta");
  meta.name = "theme-color";
  meta.content = getComputedStyle(document.body).backgroundColor;
  document.head.append(meta);
  for (const one of document.querySelectorAll<HTMLButtonElement>(".theme button")) {
    one.setAttribute("aria-pressed", String(one.value === (plain ? theme : "system")));
  }
}

for (const form of document.querySelectorAll<HTMLFormElement>("form.theme")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose((event.submitter as HTMLButtonElement | null)?.value ?? "system");
  });
}
