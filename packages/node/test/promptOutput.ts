/**
 * Standard output that has left the process when the call returns: what waits in a process that is killed would be lost
 * with it. A pipe whose reader is slow refuses the rest of a text with `EAGAIN`, and is asked again.
 */
import { writeSync } from "node:fs"

/** Time for the reader of a full pipe. */
const fullMs = 1
const pause = new Int32Array(new SharedArrayBuffer(4))

export const writeAtOnce = (text: string): void => {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(1, bytes, written)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error
      Atomics.wait(pause, 0, 0, fullMs)
    }
  }
}
