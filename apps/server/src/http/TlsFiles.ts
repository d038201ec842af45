/**
 * The hub's own certificate: read at the start, and again when its files have changed, so that a renewed one is shown without a
 * restart. A pair that cannot be used is told, and the one before stays.
 */
import { X509Certificate } from "node:crypto"
import { readFileSync, statSync } from "node:fs"
import { createSecureContext, type SecureContextOptions } from "node:tls"
import { Effect, Schedule } from "effect"
import { CertificateUnusable, HubError } from "../HubError.ts"
import type { EdgeSettings } from "./EdgeSettings.ts"
import type { HubServer } from "./HubServer.ts"

type Files = NonNullable<EdgeSettings["tls"]>

/** How often the files are looked at, in milliseconds. */
const lookMs = 5_000

const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const unusable = (files: Files, problem: string) =>
  new HubError({ reason: new CertificateUnusable({ certificate: files.certificate, key: files.key, problem }) })

/** Certificate and key, as a server takes them. Throws `HubError` where they cannot be read or do not belong together. */
export const read = (files: Files): SecureContextOptions => {
  try {
    const pair = { cert: readFileSync(files.certificate), key: readFileSync(files.key) }
    createSecureContext(pair)
    return { ...pair, minVersion: "TLSv1.2" }
  } catch (error) {
    throw unusable(files, problemOf(error))
  }
}

/** Until when the certificate in the file counts, in Unix milliseconds; `undefined` where it cannot be read. */
export const validUntilMs = ({ certificate }: Files): number | undefined => {
  try {
    return new X509Certificate(readFileSync(certificate)).validToDate.getTime()
  } catch {
    return undefined
  }
}

/** Changes whenever one of the files does. */
const stampOf = ({ certificate, key }: Files): string => {
  try {
    return [certificate, key].map((path) => `${statSync(path).mtimeMs} ${statSync(path).size}`).join(" ")
  } catch (error) {
    return problemOf(error)
  }
}

/** Shows the server a renewed pair, until it is interrupted. */
export const follow = (files: Files, server: HubServer): Effect.Effect<void> => {
  if (!("setSecureContext" in server)) return Effect.void
  let seen = stampOf(files)
  const look = Effect.suspend(() => {
    const now = stampOf(files)
    if (now === seen) return Effect.void
    seen = now
    return Effect.try({ try: () => server.setSecureContext(read(files)), catch: problemOf }).pipe(
      Effect.andThen(Effect.logInfo("the certificate was renewed")),
      Effect.catch((problem) => Effect.logError("the certificate before stays", { problem }))
    )
  })
  return Effect.asVoid(Effect.repeat(look, Schedule.spaced(lookMs)))
}
