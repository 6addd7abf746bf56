// Runs in the page after it is built: what a reader who cannot see or point would stumble over, as sentences.
window.accessFaults = () => {
  const faults = [];
  const name = (node) => `${node.localName}.${node.className?.baseVal ?? node.className}[${(node.ariaLabel ?? node.textContent ?? "").trim().slice(0, 40)}]`;
  const everything = (root) => [...root.querySelectorAll("*")].flatMap((node) => [node, ...(node.shadowRoot ? everything(node.shadowRoot) : [])]);
  const isShown = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: false }) && node.getBoundingClientRect().width > 0;
  const all = everything(document.body).filter(isShown);
  const isUnseen = (node) => node.closest(".unseen") !== null;
  const labelOf = (node) => {
    const byId = node.getAttribute("aria-labelledby");
    if (byId) return node.getRootNode().getElementById(byId)?.textContent;
    return node.ariaLabel || [...(node.labels ?? [])].map((label) => label.textContent).join(" ") || node.alt || node.title || (node.matches("input,select,textarea") ? "" : node.textContent + [...node.querySelectorAll("img")].map((img) => img.alt).join(""));
  };

  // Names and roles.
  const interactive = all.filter((node) => node.matches("button,input,select,textarea,a[href],summary,[tabindex]"));
  for (const node of interactive) {
    if (!labelOf(node)?.trim()) faults.push(`no name: ${name(node)}`);
    if (Number(node.getAttribute("tabindex")) > 0) faults.push(`tab order is forced: ${name(node)}`);
    if (node.parentElement?.closest("button,a[href],[role=slider],[role=img]")) faults.push(`a control inside a control: ${name(node)}`);
    if (node.closest("[aria-hidden=true]")) faults.push(`hidden from readers yet reachable: ${name(node)}`);
  }
  const roles = new Set(["img", "group", "slider", "status", "alert", "list", "region", "presentation"]);
  for (const node of all) {
    const role = node.getAttribute("role");
    if (role && !roles.has(role)) faults.push(`unknown role ${role}: ${name(node)}`);
    if (node.matches("img") && !node.hasAttribute("alt")) faults.push(`picture without words: ${name(node)}`);
    if (role === "img" && !node.ariaLabel) faults.push(`drawing without words: ${name(node)}`);
    if (role === "slider" && !["ariaValueMin", "ariaValueMax", "ariaValueNow"].every((value) => node[value])) faults.push(`slider without values: ${name(node)}`);
    if (node.matches("ul") && [...node.children].some((child) => child.localName !== "li" && child.localName !== "template")) faults.push(`list with other children: ${name(node)}`);
  }

  // Structure: one main, one h1, no level skipped, ids once in each tree.
  const count = (selector) => all.filter((node) => node.matches(selector)).length;
  if (count("main") !== 1) faults.push(`${count("main")} main landmarks`);
  if (count("h1") !== 1) faults.push(`${count("h1")} first headings`);
  let level = 0;
  for (const node of all.filter((node) => /^h[1-6]$/.test(node.localName))) {
    const next = Number(node.localName[1]);
    if (next > level + 1) faults.push(`heading ${next} after ${level}: ${name(node)}`);
    level = next;
  }
  const ids = new Map();
  for (const node of everything(document).filter((node) => node.id)) {
    const inTree = ids.get(node.getRootNode()) ?? new Set();
    if (inTree.has(node.id)) faults.push(`id ${node.id} twice`);
    ids.set(node.getRootNode(), inTree.add(node.id));
  }
  if (!document.documentElement.lang) faults.push("the document names no language");
  if (!document.title) faults.push("the document has no title");

  // Contrast of text, WCAG 2.2: 4.5, large text 3.
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const parent = (node) => node.assignedSlot ?? node.parentElement ?? (node.getRootNode() instanceof ShadowRoot ? node.getRootNode().host : null);
  const backgroundOf = (node) => (node ? over(rgba(getComputedStyle(node).backgroundColor), backgroundOf(parent(node))) : [255, 255, 255, 1]);
  const luminance = ([r, g, b]) => {
    const [R, G, B] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  const opacityOf = (node) => (node ? Number(getComputedStyle(node).opacity) * opacityOf(parent(node)) : 1);
  for (const node of all) {
    const hasText = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!hasText || isUnseen(node) || node.matches(":disabled") || node.closest("svg,label.disabled")) continue;
    const style = getComputedStyle(node);
    const ground = backgroundOf(node);
    const [r, g, b, a] = rgba(style.color);
    const ink = over([r, g, b, a * opacityOf(node)], ground);
    const [light, dark] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${name(node)}`);
  }

  // Targets of at least 24 px, WCAG 2.2 2.5.8; words of a running text are exempt.
  for (const node of interactive) {
    const targets = [node, ...(node.labels ?? [])].map((target) => target.getBoundingClientRect());
    const { width, height } = targets[0];
    const isHit = targets.some(({ width, height }) => width >= 24 && height >= 24);
    if (!isUnseen(node) && !isHit) faults.push(`target ${width.toFixed(0)}×${height.toFixed(0)}: ${name(node)}`);
  }

  // Nothing sticks out at the side.
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${innerWidth}`);
  return faults;
};

// Whether the focus can be seen: an outline, or a ring that was not there before.
window.focusIsSeen = () => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  const isRing = (node) => node && getComputedStyle(node).outlineStyle !== "none" && parseFloat(getComputedStyle(node).outlineWidth) >= 1;
  // Beyond the last control the focus is the browser's.
  if (node === document.body) return { node: "body", seen: true };
  const seen = isRing(node) || isRing(node.closest("label")) || (node.matches(".answer") && (isRing(node.querySelector(".current")) || !node.querySelector("[data-token]"))) || node.matches("textarea");
  return { node: `${node.localName}.${node.className}#${node.dataset?.testid ?? ""}`, seen };
};
