/** An ad in small, drawn: its photo, name and last word in the colours of a style. */
import { useId } from "preact/hooks";
import { Bottle, LastWord, type Look } from "./mock";
import { lines } from "./words";

interface Props {
  look: Look;
  name: string;
  cta: string;
  photo?: string | null | undefined;
  logo?: string | null | undefined;
  label?: string;
}

export function Poster({ look, name, cta, photo, logo, label }: Props) {
  const id = useId().replace(/[^\w-]/g, "");
  const words = label ? { role: "img" as const, "aria-label": label } : { "aria-hidden": true as const };
  return (
    <svg class="poster" viewBox="0 0 270 480" {...words}>
      <defs>
        <radialGradient id={`g${id}`} cx=".5" cy=".58" r=".6">
          <stop offset="0" stop-color={look.glow} stop-opacity=".95" />
          <stop offset="1" stop-color={look.fill} stop-opacity="0" />
        </radialGradient>
        <clipPath id={`c${id}`}>
          <rect x="45" y="166" width="180" height="200" rx="18" />
        </clipPath>
      </defs>
      <rect width="270" height="480" fill={look.fill} />
      <rect width="270" height="480" fill={`url(#g${id})`} />
      {photo ? (
        <image href={photo} x="45" y="166" width="180" height="200" preserveAspectRatio="xMidYMid slice" clip-path={`url(#c${id})`} />
      ) : (
        <Bottle ink={look.ink} />
      )}
      {logo && <image href={logo} x="18" y="16" width="72" height="30" preserveAspectRatio="xMinYMid meet" />}
      <text x="135" text-anchor="middle" fill={look.ink} font-family={look.letters} font-weight={look.weight} font-size="30">
        {lines(name, 14).map((line, place) => (
          <tspan key={place} x="135" y={82 + place * 33}>
            {line}
          </tspan>
        ))}
      </text>
      {cta && <LastWord look={look} cta={cta} />}
    </svg>
  );
}

/** What the server says of each style, in elements that show nothing. */
export interface Style extends Look {
  name: string;
  title: string;
  description: string;
}

export function stylesIn(root: HTMLElement): Style[] {
  return [...root.querySelectorAll<HTMLDataElement>("data")].map((one) => ({ ...(one.dataset as unknown as Style), name: one.value }));
}
