/**
 * A list of whole numbers from -1 up as bytes: each plus one, seven bits per byte, lowest first (LEB128). Rows keep
 * short lists this way; a commit of new entities needs one byte per event.
 */

/** The bytes of a list. */
export const pack = (numbers: ReadonlyArray<number>): Uint8Array => {
  const bytes: Array<number> = []
  for (const number of numbers) {
    let rest = number + 1
    while (rest >= 0x80) {
      bytes.push((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    bytes.push(rest)
  }
  return Uint8Array.from(bytes)
}

/** The list in bytes that `pack` made. */
export const unpack = (bytes: Uint8Array): Array<number> => {
  const numbers: Array<number> = []
  let number = 0
  let scale = 1
  for (const byte of bytes) {
    number += (byte & 0x7f) * scale
    scale *= 0x80
    if (byte >= 0x80) continue
    numbers.push(number - 1)
    number = 0
    scale = 1
  }
  return numbers
}
