// Makes the workers that unpack tiles of pictures. The build puts this in the place of the reader's own, which makes
// them of a blob, and that the page's security policy refuses.

export default function create(): Worker {
  return new Worker("decoder.js", { type: "module" });
}
