// Lists what a report's page does wrong: texts of figures that overlap each other or leave their figure, texts of too
// little contrast, a page wider than the window.
const faults = [];
const isDark = matchMedia("(prefers-color-scheme: dark)").matches;

// The corners of a text, also of one that leans.
function corners(text) {
  const box = text.getBBox(), matrix = text.getScreenCTM();
  return [[box.x, box.y], [box.x + box.width, box.y], [box.x + box.width, box.y + box.height], [box.x, box.y + box.height]]
    .map(([x, y]) => new DOMPoint(x, y).matrixTransform(matrix));
}

// Two convex quadrilaterals overlap unless a side of one separates them; a pixel is no overlap.
function overlap(a, b) {
  for (const [shape] of [[a], [b]]) {
    for (let side = 0; side < 4; side++) {
      const from = shape[side], to = shape[(side + 1) % 4];
      const normal = [to.y - from.y, from.x - to.x];
      const length = Math.hypot(...normal) || 1;
      const along = (points) => points.map((p) => (p.x * normal[0] + p.y * normal[1]) / length);
      const [one, other] = [along(a), along(b)];
      // Boxes of text have room above and below the letters.
      const slack = side % 2 ? 1 : 3;
      if (Math.max(...one) - slack <= Math.min(...other) || Math.max(...other) - slack <= Math.min(...one)) return false;
    }
  }
  return true;
}

function luminance([r, g, b]) {
  const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}
const colour = (text) => text.match(/[\d.]+/g).map(Number);
function contrast(a, b) {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

for (const details of document.querySelectorAll("details")) details.open = true;
for (const svg of document.querySelectorAll("svg")) {
  if (!svg.getClientRects().length) continue;
  const title = svg.querySelector("title").textContent;
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].map((text) => ({ name: text.lastChild.textContent, box: corners(text), text }));
  for (const { name, box } of texts) {
    if (box.some((p) => p.x < frame.left - 1 || p.x > frame.right + 1 || p.y < frame.top - 1 || p.y > frame.bottom + 1))
      faults.push(`${title}: "${name}" leaves the figure`);
  }
  for (let i = 0; i < texts.length; i++)
    for (let j = i + 1; j < texts.length; j++)
      if (overlap(texts[i].box, texts[j].box)) faults.push(`${title}: "${texts[i].name}" overlaps "${texts[j].name}"`);
  const ground = colour(getComputedStyle(svg.querySelector(".ground")).fill);
  const rects = [...svg.querySelectorAll("rect:not(.ground)")].filter((r) => getComputedStyle(r).fill !== "none");
  for (const { name, box, text } of texts) {
    const x = (box[0].x + box[2].x) / 2, y = (box[0].y + box[2].y) / 2;
    const below = rects.filter((r) => { const b = r.getBoundingClientRect(); return b.left < x && x < b.right && b.top < y && y < b.bottom; }).pop();
    const behind = below ? colour(getComputedStyle(below).fill) : ground;
    const ratio = contrast(colour(getComputedStyle(text).fill), behind);
    if (ratio < 4.5) faults.push(`${title}: "${name}" has a contrast of ${ratio.toFixed(2)}`);
  }
}
for (const element of document.querySelectorAll("p, a, td, th, code, figcaption, summary, blockquote")) {
  let holder = element, ground = null;
  while (holder && !ground) {
    const found = colour(getComputedStyle(holder).backgroundColor);
    if (found.length === 3 || found[3] > 0) ground = found;
    holder = holder.parentElement;
  }
  const ratio = contrast(colour(getComputedStyle(element).color), ground || (isDark ? [0, 0, 0] : [255, 255, 255]));
  if (ratio < 4.5) faults.push(`text "${element.textContent.slice(0, 30)}" has a contrast of ${ratio.toFixed(2)}`);
}
if (document.documentElement.scrollWidth > innerWidth + 1) {
  const wide = [...document.querySelectorAll("main *")].filter((e) => !e.closest(".wide") && e.getBoundingClientRect().right > innerWidth + 1);
  faults.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${innerWidth}: ${wide.slice(0, 3).map((e) => e.tagName + " " + e.textContent.slice(0, 30))}`);
}
const list = document.createElement("pre");
list.id = "measured";
list.textContent = [...new Set(faults)].slice(0, 20).join("\n");
document.body.append(list);
