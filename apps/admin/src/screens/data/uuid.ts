/** Ids of new records as devices make them: in the order of time. Browsers make such only over TLS, and hubs are asked without it, too. */

/** UUID version 7, of milliseconds and 10 random bytes. */
export const uuidOf = (ms: number, random: Uint8Array): string => {
  const bytes = [...random]
  bytes[0] = (bytes[0]! & 0x0f) | 0x70
  bytes[2] = (bytes[2]! & 0x3f) | 0x80
  const hex = ms.toString(16).padStart(12, "0") + bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}
