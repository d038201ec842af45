import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as DeviceKeyFile from "../src/DeviceKeyFile.ts"
import * as KeyEnvelope from "../src/KeyEnvelope.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const passphrase = Redacted.make("four words of a person")
const other = Redacted.make("four other words")
const given = (its: Redacted.Redacted<string>) =>
  Effect.provideService(DeviceKeyFile.KeyPassphrase, () => Effect.succeed(its))
const seedIn = (folder: string, its = passphrase) =>
  Effect.map(given(its)(DeviceKeyFile.load(folder)), (seed) => Buffer.from(Redacted.value(seed)).toString("hex"))
const codeOf = <A, R>(effect: Effect.Effect<A, { readonly reason: { readonly _tag: string } }, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason._tag)
const fileOf = (folder: string): string => readFileSync(DeviceKeyFile.keyFile(folder), "utf8")

it.live("[DK-4] a key under a passphrase is the same key, and opens with that passphrase alone", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const before = yield* seedIn(folder)
    yield* DeviceKeyFile.protect(folder, passphrase)
    expect(yield* DeviceKeyFile.isProtected(folder)).toBe(true)
    expect(readFileSync(DeviceKeyFile.keyFile(folder)).toString("hex")).not.toContain(before)
    expect(fileOf(folder)).not.toContain(before)
    expect(statSync(DeviceKeyFile.keyFile(folder)).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(["device.key"])
    expect(yield* seedIn(folder)).toBe(before)
    expect(yield* codeOf(DeviceKeyFile.load(folder))).toBe("KeyLocked")
    expect(yield* codeOf(seedIn(folder, other))).toBe("PassphraseWrong")
    // The same characters, as another keyboard writes them.
    yield* given(passphrase)(DeviceKeyFile.protect(folder, Redacted.make("caf\u00e9 au lait")))
    expect(yield* seedIn(folder, Redacted.make("cafe\u0301 au lait"))).toBe(before)
  })
)

it.live("[DK-5] a passphrase is changed and taken away by who knows it, and by nobody else", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const before = yield* seedIn(folder)
    yield* DeviceKeyFile.protect(folder, passphrase)
    const kept = fileOf(folder)
    expect(yield* codeOf(DeviceKeyFile.protect(folder, undefined))).toBe("KeyLocked")
    expect(yield* codeOf(given(other)(DeviceKeyFile.protect(folder, undefined)))).toBe("PassphraseWrong")
    expect(yield* codeOf(given(passphrase)(DeviceKeyFile.protect(folder, Redacted.make("seven77"))))).toBe(
      "PassphraseUnfit"
    )
    expect(fileOf(folder)).toBe(kept)
    yield* given(passphrase)(DeviceKeyFile.protect(folder, other))
    expect(yield* seedIn(folder, other)).toBe(before)
    expect(yield* codeOf(seedIn(folder))).toBe("PassphraseWrong")
    yield* given(other)(DeviceKeyFile.protect(folder, undefined))
    expect(yield* DeviceKeyFile.isProtected(folder)).toBe(false)
    expect(Redacted.value(yield* DeviceKeyFile.load(folder)).length).toBe(32)
    expect(yield* seedIn(folder)).toBe(before)
  })
)

it.live("[DK-6] a damaged file is refused and left, and none keeps the machine busy", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* DeviceKeyFile.load(folder)
    yield* DeviceKeyFile.protect(folder, passphrase)
    const whole = fileOf(folder)
    const damaged = [
      whole.slice(0, 100),
      whole.replace("argon2id", "argon2d"),
      whole.replace(/"memoryKib": \d+/, '"memoryKib": 4194304'),
      whole.replace(/"passes": \d+/, '"passes": 4000'),
      whole.replace(/"lanes": \d+/, '"lanes": 1e9'),
      whole.replace(/"sealed": "../, '"sealed": "')
    ]
    for (const text of damaged) {
      writeFileSync(DeviceKeyFile.keyFile(folder), text, { mode: 0o600 })
      const began = process.cpuUsage()
      expect(yield* codeOf(seedIn(folder))).toBe("KeyDamaged")
      expect(process.cpuUsage(began).user).toBeLessThan(500_000)
      expect(fileOf(folder)).toBe(text)
    }
    const changed = whole.replace(/("sealed": ")(.)/, (_, before, digit) => `${before}${digit === "0" ? "1" : "0"}`)
    writeFileSync(DeviceKeyFile.keyFile(folder), changed, { mode: 0o600 })
    expect(yield* codeOf(seedIn(folder))).toBe("PassphraseWrong")
  })
)

it.live("[DK-4] the same key under the same passphrase gives another file each time", () =>
  Effect.gen(function* () {
    const seed = yield* DeviceKeyFile.load(join(yield* temporaryFolder, "a"))
    const [one, two] = [yield* KeyEnvelope.seal(seed, passphrase), yield* KeyEnvelope.seal(seed, passphrase)]
    expect(JSON.parse(one).salt).not.toBe(JSON.parse(two).salt)
    expect(JSON.parse(one).sealed).not.toBe(JSON.parse(two).sealed)
    expect(JSON.parse(one)).toMatchObject({ kdf: "argon2id", memoryKib: 65_536, passes: 3, lanes: 4 })
  })
)
