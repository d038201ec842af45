/** Secrets that the hub draws and shows once. What it keeps is a hash, which is enough for 32 random bytes; passwords take more. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"

const secretBytes = 32
const idBytes = 8

/** 43 characters of base64url. */
export const draw = (): string => randomBytes(secretBytes).toString("base64url")

/** 16 hexadecimal digits, no secret. */
export const drawId = (): string => randomBytes(idBytes).toString("hex")

/** SHA-256, 64 hexadecimal digits. */
export const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex")

/** Whether a hash is of this secret, in a time that does not tell where they differ. */
export const isOf = (hash: string, secret: string): boolean =>
  timingSafeEqual(Buffer.from(hash, "hex"), Buffer.from(hashOf(secret), "hex"))
