/** Who makes all of them, what that costs together, and the most that it may. */
import { useEffect, useState } from "preact/hooks";
import { type Estimate, Refused, send } from "./api";
import { advised, enough, money } from "./words";

/** What vendors could make here. */
export interface Cloud {
  /** Fields of an order by vendors; what is not set up is made on this server. Null where nothing is set up. */
  makers: Record<string, string> | null;
  /** Vendors without a key, for people. */
  missing: string[];
}

export interface Price {
  found: Estimate | null;
  /** Why there is none. */
  said: string;
}

const PAUSE = 400; // milliseconds without a change before the price is asked for

/** Asks what an order would cost whenever it has changed. */
export function usePrice(order: object, wanted: boolean): Price {
  const text = JSON.stringify(order);
  const [known, setKnown] = useState<Price & { of: string }>({ found: null, said: "", of: "" });
  useEffect(() => {
    if (!wanted) return;
    let live = true;
    const tell = (found: Estimate | null, said: string) => live && setKnown({ found, said, of: text });
    const timer = setTimeout(() => {
      send<Estimate>("POST", "/variants/estimate", order)
        .then((found) => tell(found, ""))
        .catch((error) => tell(null, error instanceof Refused ? advised(error.problem) : "The price could not be checked."));
    }, PAUSE);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [text, wanted]);
  return known.of === text ? known : { found: null, said: "" }; // the price of another order is none
}

/** What may be spent: what was typed, or else the most that the order can come to. */
export function allowance(typed: string | null, found: Estimate | null): string {
  return typed ?? (found ? enough(found.at_most_usd).toFixed(2) : "");
}

/** What is wrong with a limit, or nothing. */
export function limitWrong(limit: string, found: Estimate | null): string {
  const most = Number(limit);
  if (!limit.trim() || !Number.isFinite(most)) return found ? "Set a spending limit." : "";
  return found && found.estimate_usd > most + 1e-9 ? `This costs about ${money(found.estimate_usd)}: allow at least that.` : "";
}

interface Props {
  cloud: Cloud;
  chosen: boolean;
  choose: (cloud: boolean) => void;
  limit: string;
  allow: (limit: string) => void;
  wrong: string;
}

export function Makers({ cloud, chosen, choose, limit, allow, wrong }: Props) {
  return (
    <section class="card stack" aria-labelledby="v-makers">
      <h2 id="v-makers">How they are made</h2>
      <fieldset class="providers">
        <legend class="unseen">Provider</legend>
        <label class="provider">
          <input type="radio" name="provider" checked={!chosen} onChange={() => choose(false)} />
          <span class="provider-card">
            <b>Offline</b>
            <span class="provider-price">Free</span>
            <span class="quiet">Made entirely on this server. Your photo never leaves it.</span>
          </span>
        </label>
        <label class="provider">
          <input type="radio" name="provider" checked={chosen} disabled={!cloud.makers} aria-describedby={cloud.missing.length ? "v-missing" : undefined} onChange={() => choose(true)} />
          <span class="provider-card">
            <b>Cloud</b>
            <span class="provider-price">Paid</span>
            <span class="quiet">Script, voice and footage of a style are bought once, for all its ads.</span>
          </span>
        </label>
      </fieldset>
      {cloud.missing.length > 0 && (
        <p class="hint missing" id="v-missing">
          {cloud.makers ? "Made on this server without a key for " : "The cloud needs a key for "}
          <b>{cloud.missing.join(", ")}</b>. <a href="/settings#keys">Add keys in settings</a>
        </p>
      )}
      {chosen && (
        <div class="field cap">
          <label class="label" for="v-cap">
            Spending limit <span class="quiet">US dollars, for all of them</span>
          </label>
          <span class="cap-input">
            <span aria-hidden="true">$</span>
            <input id="v-cap" type="number" inputMode="decimal" min="0" step="0.01" value={limit} aria-invalid={Boolean(wrong)} aria-describedby="v-cap-hint" onInput={(event) => allow(event.currentTarget.value)} />
          </span>
          <p class="hint" id="v-cap-hint">
            {wrong ? <span class="wrong">{wrong}</span> : "We never spend more than this."}
          </p>
        </div>
      )}
    </section>
  );
}
