/** Words in a row, each of which can be taken away, and a field for another. */
import { useRef, useState } from "preact/hooks";

interface Props {
  words: string[];
  set: (words: string[]) => void;
  /** What taking one away is called: "Remove". */
  verb: string;
  /** What the row is called, for those who do not see it. */
  name: string;
  most: number;
  placeholder: string;
  /** What the field is called, where no label outside of it says that. */
  another?: string;
  /** Of the field, where such a label does. */
  id?: string;
  /** How many have to stay. */
  least?: number;
  /** The words in what was typed; where nothing is said, it is one. */
  split?: (text: string) => string[];
}

export function Tags({ words, set, verb, name, most, placeholder, another, id, least = 0, split = (text) => [text] }: Props) {
  const [text, type] = useState("");
  const field = useRef<HTMLInputElement>(null);
  function add(): void {
    const found = split(text).map((one) => one.trim());
    const fresh = [...new Set(found)].filter((one) => one && !words.includes(one));
    if (fresh.length) set([...words, ...fresh]);
    type("");
  }
  return (
    <>
      {words.length > 0 && (
        <ul class="tags" aria-label={name}>
          {words.map((one) => (
            <li key={one}>
              <span>{one}</span>
              <button
                type="button"
                aria-label={`${verb}: ${one}`}
                disabled={words.length <= least}
                onClick={() => {
                  set(words.filter((other) => other !== one));
                  field.current?.focus();
                }}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="add">
        <input
          id={id}
          ref={field}
          aria-label={another}
          maxLength={most}
          autocomplete="off"
          placeholder={placeholder}
          value={text}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            add();
          }}
        />
        <button class="button" type="button" disabled={!text.trim()} onClick={add}>
          Add
        </button>
      </div>
    </>
  );
}
