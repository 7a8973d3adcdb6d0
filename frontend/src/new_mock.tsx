/** The last second of the ad as it will look: product, name and button on the ground of a style, 9:16. */
import type { Look } from "./mock";
import { lines } from "./words";

export interface Ground extends Look {
  set: string;
  stops: string[];
}

interface Props {
  ground: Ground;
  name: string;
  cta: string;
  /** The product without its background, or the whole photo, or neither. */
  cutout: string | null;
  picture: string | null;
  words: string;
  /** Begins its ids: there may be two of them on a page. */
  id: string;
}

const RADIUS: Record<string, number> = { horizon: 3, grid: 9, slab: 0, poster: 4 };
const UPPER = new Set(["slab", "poster"]);
const FLOOR = 264; // where products stand

/** What is behind everything, set by set, as the renderer builds it. */
function Backdrop({ ground, id }: { ground: Ground; id: string }) {
  const [deep = ground.fill, middle = ground.fill, light = ground.glow] = ground.stops;
  const { accent, set } = ground;
  const rect = (fill: string) => <rect width="270" height="480" fill={fill} />;
  if (set === "grid")
    return (
      <>
        {rect(deep)}
        {rect(`url(#${id}-glow)`)}
        <g stroke={accent} stroke-width="1" opacity=".45">
          {[-8, -5.5, -3.6, -2.2, -1, 0, 1, 2.2, 3.6, 5.5, 8].map((way) => (
            <path key={way} d={`M${135 + way * 15} 252L${135 + way * 62} 480`} />
          ))}
          {[258, 267, 281, 302, 334, 384, 450].map((y) => (
            <path key={y} d={`M0 ${y}H270`} opacity=".6" />
          ))}
        </g>
        <path d="M0 252H270" stroke={accent} stroke-width="1.6" />
      </>
    );
  if (set === "bokeh")
    return (
      <>
        {rect(deep)}
        {rect(`url(#${id}-glow)`)}
        <path d="M0 256H270V480H0z" fill={deep} opacity=".45" />
        <path d="M0 256H270" stroke={accent} opacity=".35" />
        {[[28, 150, 16], [242, 96, 22], [214, 206, 9], [58, 60, 10], [250, 330, 14], [22, 350, 20]].map(([x, y, r]) => (
          <circle key={x} cx={x} cy={y} r={r} fill={accent} opacity=".1" />
        ))}
      </>
    );
  if (set === "horizon")
    return (
      <>
        {rect(light)}
        {rect(`url(#${id}-side)`)}
        <g fill="#fff" opacity=".55" transform="translate(16 66) skewY(-8)">
          <path d="M0 8h52v52H0zM60 8h46v52H60zM8 68h52v56H8zM68 68h46v56H68z" />
        </g>
        <path d="M0 262H270V480H0z" fill={middle} opacity=".7" />
      </>
    );
  if (set === "slab")
    return (
      <>
        {rect(middle)}
        <circle cx="135" cy="190" r="88" fill={light} />
        <path d="M0 320H270V480H0z" fill={deep} />
        <path d="M0 410h270v26H0z" fill={middle} />
        {[0, 1, 2, 3, 4, 5, 6, 7, 8].map((at) => (
          <path key={at} d={`M${at * 36 - 26} 436l26-26h18l-26 26z`} fill={deep} />
        ))}
      </>
    );
  if (set === "poster")
    return (
      <>
        {rect(middle)}
        <path d="M0 262 270 130v96L0 358z" fill={accent} opacity=".9" />
        <path d="M0 372 270 240v12L0 384z" fill={deep} opacity=".5" />
        <path d="M0 400 270 300V480H0z" fill={deep} opacity=".35" />
      </>
    );
  if (set === "confetti")
    return (
      <>
        {rect(deep)}
        <path d="M0 0h120c10 50-50 60-60 110S10 170 0 176z" fill={middle} />
        <path d="M270 40v150c-40 0-60-30-54-70s20-70 54-80z" fill={light} />
        <path d="M0 330c60-50 100 10 160-14s80-20 110-8v172H0z" fill={middle} />
        <path d="M0 420c70-40 120 20 270-30v90H0z" fill={light} />
        <circle cx="135" cy="186" r="80" fill={accent} opacity=".28" />
      </>
    );
  return (
    <>
      {rect(ground.fill)}
      {rect(`url(#${id}-glow)`)}
    </>
  );
}

/** Lines and a size at which they fit a width, about. */
function fitted(text: string, largest: number, letter: number, width = 238): { set: string[]; size: number } {
  for (let size = largest; ; size -= 2) {
    const room = Math.floor(width / (size * letter));
    const set = lines(text, Math.max(4, room));
    const whole = text.split(/\s+/).every((word) => word.length <= room);
    if (size <= 16 || (whole && set.length <= (size > 22 ? 2 : 3) && !set.at(-1)!.endsWith(" ..."))) return { set, size };
  }
}

function Button({ ground, cta, top }: { ground: Ground; cta: string; top: number }) {
  const size = cta.length < 18 ? 15 : cta.length < 30 ? 12 : 10;
  const set = lines(cta, Math.floor(206 / (size * 0.56)), 3);
  const height = 14 + set.length * size * 1.18;
  const width = Math.min(236, Math.max(86, Math.max(...set.map((one) => one.length)) * size * 0.58 + 36));
  return (
    <>
      <rect x={135 - width / 2} y={top} width={width} height={height} rx={RADIUS[ground.set] ?? height / 2} fill={ground.accent} />
      <text text-anchor="middle" fill={ground.onAccent} font-family={ground.letters} font-weight="700" font-size={size}>
        {set.map((one, place) => (
          <tspan key={place} x="135" y={top + 7 + size * (0.92 + place * 1.18)}>
            {one}
          </tspan>
        ))}
      </text>
    </>
  );
}

export function NewMock({ ground, name, cta, cutout, picture, words, id }: Props) {
  const shown = UPPER.has(ground.set) ? name.toUpperCase() : name;
  const alone = !cutout && !picture;
  const { set, size } = fitted(shown, alone ? 46 : 32, ground.set === "poster" ? 0.46 : 0.56);
  const first = alone ? 212 - (set.length - 1) * size * 0.5 : Math.max(54, 84 - (set.length - 1) * size * 0.55);
  const last = first + (set.length - 1) * size * 1.08;
  const top = Math.max(104, last + 24);
  return (
    <svg class="poster" viewBox="0 0 270 480" role="img" aria-label={words}>
      <defs>
        <radialGradient id={`${id}-glow`} cx=".5" cy=".44" r=".5">
          <stop offset="0" stop-color={ground.stops[2] ?? ground.glow} stop-opacity=".95" />
          <stop offset="1" stop-color={ground.stops[0] ?? ground.fill} stop-opacity="0" />
        </radialGradient>
        <linearGradient id={`${id}-side`}>
          <stop offset="0" stop-color={ground.stops[1] ?? ground.fill} stop-opacity=".2" />
          <stop offset="1" stop-color={ground.stops[0] ?? ground.fill} stop-opacity=".6" />
        </linearGradient>
        <radialGradient id={`${id}-shade`}>
          <stop offset="0" stop-color="#000" stop-opacity=".45" />
          <stop offset="1" stop-color="#000" stop-opacity="0" />
        </radialGradient>
        <clipPath id={`${id}-frame`}>
          <rect x="51" y={top} width="168" height={FLOOR - top} rx="8" />
        </clipPath>
      </defs>
      <Backdrop ground={ground} id={id} />
      {cutout && (
        <>
          <ellipse cx="135" cy={FLOOR} rx="62" ry="7" fill={`url(#${id}-shade)`} />
          <image key={cutout} class="mock-in" href={cutout} x="35" y={top} width="200" height={FLOOR - top} preserveAspectRatio="xMidYMax meet" />
        </>
      )}
      {!cutout && picture && (
        <image key={picture} class="mock-in" href={picture} x="51" y={top} width="168" height={FLOOR - top} preserveAspectRatio="xMidYMid slice" clip-path={`url(#${id}-frame)`} />
      )}
      {alone && <rect x="121" y={first - size - 12} width="28" height="1.6" fill={ground.accent} />}
      <text text-anchor="middle" fill={ground.ink} font-family={ground.letters} font-weight={ground.weight} font-size={size}>
        {set.map((line, place) => (
          <tspan key={place} x="135" y={first + place * size * 1.08}>
            {line}
          </tspan>
        ))}
      </text>
      <Button ground={ground} cta={cta} top={alone ? Math.max(268, last + 34) : 284} />
    </svg>
  );
}
