/** How well colours are told apart, by WCAG 2.2; the server judges alike. */
export const HEX = /^#[0-9a-f]{6}$/i;

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const part = parseInt(colour.slice(start, start + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Black or white, whichever is read better on a colour. */
export function wordsOn(colour: string): string {
  return contrast("#ffffff", colour) >= contrast("#141012", colour) ? "#ffffff" : "#141012";
}
