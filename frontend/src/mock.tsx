/** The ad as it will look, roughly: the photo, the name, the last word, in the colours of a style. */
import { lines } from "./words";

export interface Look {
  fill: string;
  glow: string;
  ink: string;
  accent: string;
  onAccent: string;
  letters: string;
  weight: string;
}

interface Props {
  look: Look;
  name: string;
  cta: string;
  photo: string | null;
}

export function Mock({ look, name, cta, photo }: Props) {
  return (
    <svg class="poster" viewBox="0 0 270 480" role="img" aria-label={`Preview: ${name}, ${cta}`}>
      <defs>
        <radialGradient id="glow-mock" cx=".5" cy=".58" r=".6">
          <stop offset="0" stop-color={look.glow} stop-opacity=".95" />
          <stop offset="1" stop-color={look.fill} stop-opacity="0" />
        </radialGradient>
        <clipPath id="frame">
          <rect x="45" y="166" width="180" height="200" rx="18" />
        </clipPath>
      </defs>
      <rect width="270" height="480" fill={look.fill} />
      <rect width="270" height="480" fill="url(#glow-mock)" />
      {photo ? (
        <image href={photo} x="45" y="166" width="180" height="200" preserveAspectRatio="xMidYMid slice" clip-path="url(#frame)" />
      ) : (
        <Bottle ink={look.ink} />
      )}
      <text x="135" text-anchor="middle" fill={look.ink} font-family={look.letters} font-weight={look.weight} font-size="30">
        {lines(name, 14).map((line, place) => (
          <tspan key={place} x="135" y={76 + place * 33}>
            {line}
          </tspan>
        ))}
      </text>
      <LastWord look={look} cta={cta} />
    </svg>
  );
}

/** What stands where there is no photo. */
export function Bottle({ ink }: { ink: string }) {
  return (
    <g fill={ink} fill-opacity=".88">
      <rect x="119" y="186" width="32" height="22" rx="5" />
      <path d="M121 212h28v14c0 8 22 14 22 34v84a14 14 0 0 1-14 14h-44a14 14 0 0 1-14-14v-84c0-20 22-26 22-34z" />
    </g>
  );
}

/** The button at the end, with its words. */
export function LastWord({ look, cta }: { look: Look; cta: string }) {
  return (
    <>
      <rect x="45" y="396" width="180" height="46" rx="23" fill={look.accent} />
      <text x="135" y="426" text-anchor="middle" fill={look.onAccent} font-family={look.letters} font-weight="700" font-size={cta.length < 17 ? 20 : 13}>
        {lines(cta, 26, 1)[0]}
      </text>
    </>
  );
}
