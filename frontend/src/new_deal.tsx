/** What it costs, part by part, and when it is ready. */
import type { Price } from "./new_money";
import { money } from "./words";

const PARTS: Record<string, string> = { script: "Script", voices: "Voice", scenes: "Scenes", "end card": "End card" };

interface Props {
  price: Price;
  paid: boolean;
  most: number | null;
  seconds: string;
}

export function Deal({ price, paid, most, seconds }: Props) {
  const found = paid ? price.found : null;
  return (
    <>
      {found?.parts.map((one) => (
        <div key={one.part} class="deal-part">
          <dt>
            {PARTS[one.part] ?? one.part}
            {one.found > 0 && <span class="quiet">, {one.found === one.calls ? "already paid" : `${one.found} of ${one.calls} already paid`}</span>}
          </dt>
          <dd>{money(one.estimate_usd)}</dd>
        </div>
      ))}
      <div class={found ? "deal-sum" : ""}>
        <dt>Price</dt>
        <dd aria-live="polite">{!paid ? "Free" : found ? `${found.estimate_usd ? "about " : ""}${money(found.estimate_usd)}` : price.said ? "unknown" : "checking..."}</dd>
      </div>
      {most !== null && (
        <div class="deal-cap">
          <dt>At most</dt>
          <dd>{money(most)}</dd>
        </div>
      )}
      <div>
        <dt>Ready in</dt>
        <dd>{seconds}</dd>
      </div>
      {price.said && (
        <div>
          <dd class="wrong">{price.said}</dd>
        </div>
      )}
    </>
  );
}
