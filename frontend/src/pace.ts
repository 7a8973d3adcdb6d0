/** How long words take to say and what room they have; the server decides, this tells while somebody types. */
const PER_LETTER = 0.0545; // seconds, fitted to the offline voice; likewise the next three
const PER_SENTENCE = 0.52;
const PER_COMMA = 0.15;
const PER_TEXT = -0.12;
const OVERLAP = 0.5; // seconds that two neighbouring scenes share
const LEAD_IN = 0.35; // seconds from a scene's first frame to its voice
const BREATH = 0.3; // seconds between the last voice and the sentence of the end card
const END_AIR = 0.6; // seconds of the film after the last word
export const FASTEST = 1.15; // how much faster than usual a voice may speak

export function speaking(text: string, pace = 1): number {
  const letters = [...text].filter((char) => /[\p{L}\p{N}]/u.test(char)).length;
  if (!letters) return 0;
  const sentences = Math.max(1, (text.match(/[\p{L}\p{N}_][^\p{L}\p{N}_\s]*[.!?…。！？](?=\s|$)/gu) ?? []).length);
  const commas = (text.match(/[,;:،、，]/g) ?? []).length;
  return (letters * PER_LETTER + sentences * PER_SENTENCE + commas * PER_COMMA + PER_TEXT) / pace;
}

/** Seconds that a scene has for its words; the last one breathes before the end card speaks. */
export function roomOf(duration: number, last: boolean): number {
  return Math.max(0, duration - OVERLAP - LEAD_IN - (last ? BREATH : 0));
}

export function roomOfCard(duration: number): number {
  return Math.max(0, duration - END_AIR);
}
