// Texts that other people wrote, as they are shown.

/** Embeddings, overrides and isolates, with which a text reads as another one. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/gu;

/** A text in which characters that turn the order of others show as such and do nothing. */
export function readable(text: string): string {
  return text.replace(TURNING, "\ufffd");
}

/** What a glacier is called: its name and identifier, as parts of a glacier that was split share their name. */
export function called({ glac_id, glac_name }: { glac_id: string; glac_name: string | null }): string {
  return glac_name === null ? glac_id : `${glac_name} (${glac_id})`;
}
