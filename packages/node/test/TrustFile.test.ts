/**
 * The file of trusted peers: what may stand in it, changes by several at once, and a running node that follows it.
 */
import { chmodSync, existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { PeerId } from "@syncline/core"
import { Effect, Fiber, Stream } from "effect"
import * as TrustFile from "../src/TrustFile.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const peerOf = (byte: number): PeerId.PeerId => PeerId.fromPublicKey(new Uint8Array(32).fill(byte))
const [anna, ben, cleo] = [peerOf(1), peerOf(2), peerOf(3)]

const put = (folder: string, text: string) => writeFileSync(TrustFile.trustFile(folder), text)

describe("the file of trusted peers", () => {
  it.effect("[TF-1] holds one id a line, with comments", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      expect(yield* TrustFile.read(folder)).toEqual(new Set())
      put(folder, `# mine\n\n${anna}\r\n  ${ben} # laptop\n#${cleo}\n`)
      expect(yield* TrustFile.read(folder)).toEqual(new Set([anna, ben]))
    })
  )

  it.effect("[TF-2] names the line that is malformed", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      put(folder, `${anna}\n# fine\nbob\n`)
      const error = yield* Effect.flip(TrustFile.read(folder))
      expect(error.reason).toMatchObject({ _tag: "TrustLineInvalid", line: 3, text: "bob" })
      expect(error.message).toContain(`line 3: "bob" is no peer id`)
      expect(yield* Effect.flip(Effect.scoped(TrustFile.watch(folder)))).toMatchObject({ _tag: "TrustFileError" })
    })
  )

  it.effect("[TF-3] adds and removes without touching other lines", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      put(folder, `# mine\n${anna} # desk`)
      expect(yield* TrustFile.add(folder, ben, "phone\nof Ben")).toBe(true)
      expect(yield* TrustFile.add(folder, ben)).toBe(false)
      const path = TrustFile.trustFile(folder)
      expect(readFileSync(path, "utf8")).toBe(`# mine\n${anna} # desk\n${ben} # phone of Ben\n`)
      expect(yield* TrustFile.remove(folder, anna)).toBe(true)
      expect(yield* TrustFile.remove(folder, anna)).toBe(false)
      expect(readFileSync(path, "utf8")).toBe(`# mine\n${ben} # phone of Ben\n`)
      expect(existsSync(`${path}.new`)).toBe(false)
    })
  )

  it.effect("[TF-3] refuses what is no peer id", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const error = yield* Effect.flip(TrustFile.add(folder, "bob"))
      expect(error.reason).toMatchObject({ _tag: "TrustedPeerInvalid", text: "bob" })
      expect(existsSync(TrustFile.trustFile(folder))).toBe(false)
    })
  )

  it.live("[TF-4] changes wait for each other, and an abandoned one is cleared away", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const temporary = `${TrustFile.trustFile(folder)}.new`
      writeFileSync(temporary, "half")
      const waiting = yield* Effect.forkChild(TrustFile.add(folder, anna), { startImmediately: true })
      yield* Effect.sleep(100)
      expect(existsSync(TrustFile.trustFile(folder))).toBe(false)
      utimesSync(temporary, 1, 1)
      expect(yield* Fiber.join(waiting)).toBe(true)
      expect(yield* TrustFile.read(folder)).toEqual(new Set([anna]))
    })
  )

  it.live("[TF-4] a change that never gets its turn says so", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      writeFileSync(`${TrustFile.trustFile(folder)}.new`, "half")
      const error = yield* Effect.flip(TrustFile.add(folder, anna))
      expect(error.reason._tag).toBe("TrustFileTaken")
    })
  )

  it.live("[TF-5] a running node sees changes within two seconds", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const trusted = yield* TrustFile.watch(folder)
      const before = trusted.current()
      expect(before).toEqual(new Set())
      const told = yield* Effect.forkChild(Stream.runHead(trusted.changes), { startImmediately: true })
      yield* TrustFile.add(folder, anna)
      yield* Fiber.join(told).pipe(Effect.timeout("2 seconds"))
      expect(trusted.current()).toEqual(new Set([anna]))
      expect(trusted.current()).not.toBe(before)
    })
  )

  it.live("[TF-6] while it runs, a malformed line grants nothing and an unreadable file changes nothing", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      put(folder, `${anna}\n${ben}\n`)
      const trusted = yield* TrustFile.watch(folder)
      put(folder, `${anna}x\n${ben}\n`)
      yield* Effect.sleep(1200)
      expect(trusted.current()).toEqual(new Set([ben]))
      put(folder, "#".repeat(TrustFile.fileBytesMax + 1))
      chmodSync(TrustFile.trustFile(folder), 0)
      yield* Effect.sleep(1200)
      expect(trusted.current()).toEqual(new Set([ben]))
    })
  )
})
