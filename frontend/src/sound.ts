/** One thing is heard at a time. */
let heard: HTMLMediaElement | null = null;

/** Let this be heard, and whatever else was playing be still. */
export function only(media: HTMLMediaElement): void {
  if (heard && heard !== media) heard.pause();
  heard = media;
}
