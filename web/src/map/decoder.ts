// The worker that unpacks tiles of pictures: a script of our own address, as the page's security policy asks for.
import { getDecoder } from "geotiff";

/** What the reader of GeoTIFFs asks for, and the number by which it knows the answer. */
interface Job {
  jobId: number;
  compression: number;
  decoderParameters: Parameters<typeof getDecoder>[1];
  buffer: ArrayBuffer;
}

addEventListener("message", ({ data }: MessageEvent<Job>) => {
  unpack(data).then(
    (decoded) => {
      postMessage({ jobId: data.jobId, decoded }, { transfer: [decoded] });
    },
    (error: unknown) => {
      postMessage({ jobId: data.jobId, error: error instanceof Error ? error.message : String(error) });
    },
  );
});

async function unpack({ compression, decoderParameters, buffer }: Job): Promise<ArrayBuffer> {
  const decoder = await getDecoder(compression, decoderParameters);
  return (await decoder.decode(buffer)) as ArrayBuffer;
}
