/**
 * Draws a terminal's text as an SVG picture, for the README.
 *
 * Run: `tmux capture-pane -p | deno run tools/picture.ts > docs/session.svg`
 *
 * @module
 */

const CHARACTER = { width: 8.4, height: 18 } as const;
const MARGIN = 16;
const BAR = 30;

const lines = (await new Response(Deno.stdin.readable).text()).trimEnd().split("\n");
const columns = Math.max(60, ...lines.map((line) => [...line].length));
const width = Math.ceil(columns * CHARACTER.width + 2 * MARGIN);
const height = Math.ceil(lines.length * CHARACTER.height + BAR + 2 * MARGIN);

const escape = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** What somebody typed stands out, and so do our own words among the guest's. */
function colour(line: string): string {
  if (/^(\$|>|.*# )/.test(line)) return "#9ece6a";
  if (line.startsWith("denovisor:")) return "#7aa2f7";
  return "#c0caf5";
}

const text = lines.map((line, row) => {
  const y = BAR + MARGIN + (row + 0.75) * CHARACTER.height;
  return `<text x="${MARGIN}" y="${y}" fill="${colour(line)}" xml:space="preserve">${escape(line)}</text>`;
});
const dots = ["#f7768e", "#e0af68", "#9ece6a"].map((fill, i) =>
  `<circle cx="${MARGIN + 6 + 20 * i}" cy="${BAR / 2 + 2}" r="6" fill="${fill}"/>`
);
console.log(
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<rect width="100%" height="100%" rx="10" fill="#1a1b26"/>
${dots.join("\n")}
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
${text.join("\n")}
</g>
</svg>`,
);
