/**
 * What is remembered of pairings on disk: who may read it, what a killed process leaves, and files that cannot be used.
 */
import { spawn } from "node:child_process"
import { chmodSync, existsSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { type PairingError, PairingStore, PairingWindow } from "@syncline/core/pairing"
import { Effect } from "effect"
import * as PairingFile from "../../src/pairing/PairingFile.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const program = fileURLToPath(new URL("./codeKeeper.ts", import.meta.url))
const runMsMax = 30_000

/** Runs the process to its end, however it ends; what it said. */
const keeper = (folder: string, ...args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.promise(
    () =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [program, folder, ...args], { stdio: ["ignore", "pipe", "pipe"] })
        let [out, err] = ["", ""]
        const timer = setTimeout(() => child.kill("SIGKILL"), runMsMax)
        child.stdout.on("data", (text: Buffer) => (out += text.toString()))
        child.stderr.on("data", (text: Buffer) => (err += text.toString()))
        child.once("close", () => {
          clearTimeout(timer)
          if (err === "") resolve(out.trim())
          else reject(new Error(err))
        })
      })
  )

const opening: PairingWindow.Opening = {
  id: "w1",
  slot: 7,
  codes: [{ kind: "digits", secret: new TextEncoder().encode("12345678") }],
  role: null
}
const use = <A>(
  folder: string,
  body: (store: PairingStore.PairingStoreShape) => Effect.Effect<A, PairingError.PairingError>
): Effect.Effect<A, PairingError.PairingError> =>
  Effect.provide(Effect.flatMap(PairingStore.PairingStore, body), PairingFile.layer(folder))

describe("the file of pairings", () => {
  it.live("[PF-1] keeps what is changed, for its owner alone, and forgets secrets with their window", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      expect(yield* use(folder, ({ state }) => state)).toEqual(PairingWindow.empty)
      expect(existsSync(PairingFile.pairingFile(folder))).toBe(false)
      yield* use(folder, ({ change }) => change((state) => PairingWindow.open(state, 1_000, opening)))
      expect(statSync(PairingFile.pairingFile(folder)).mode & 0o777).toBe(0o600)
      const text = (): string => readFileSync(PairingFile.pairingFile(folder), "utf8")
      expect(text()).toContain(Buffer.from("12345678").toString("hex"))
      yield* use(folder, ({ change }) => change((state) => PairingWindow.close(state, "w1")))
      expect(text()).not.toContain(Buffer.from("12345678").toString("hex"))
      expect((yield* use(folder, ({ state }) => state)).window?.state).toBe("closed")
      const before = statSync(PairingFile.pairingFile(folder)).mtimeMs
      yield* use(folder, ({ change }) => change((state) => ({ answer: undefined, state })))
      expect(statSync(PairingFile.pairingFile(folder)).mtimeMs).toBe(before)
    })
  )

  it.live("[PF-2] several at once take turns, and no change is lost", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* use(folder, ({ change }) => change((state) => PairingWindow.open(state, 1_000, opening)))
      const counts = Array.from({ length: 20 }, () =>
        use(folder, ({ change }) => change((state) => PairingWindow.begin(state, 2_000, "w1", "digits")))
      )
      const answers = yield* Effect.all(counts, { concurrency: "unbounded" })
      expect(answers.filter((isLeft) => isLeft)).toHaveLength(3)
    })
  )

  it.live("[PF-2] a turn that a killed process left behind ends by itself", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const left = `${PairingFile.pairingFile(folder)}.new`
      writeFileSync(left, "")
      const nearlyMs = Date.now() - 9_500
      utimesSync(left, nearlyMs / 1_000, nearlyMs / 1_000)
      yield* use(folder, ({ change }) => change((state) => PairingWindow.open(state, 1_000, opening)))
      expect((yield* use(folder, ({ state }) => state)).window?.id).toBe("w1")
      expect(existsSync(left)).toBe(false)
    })
  )

  it.live("[PF-3] a file that is damaged, exposed or too large is refused, not changed, and not repeated", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = PairingFile.pairingFile(folder)
      const refused = Effect.fnUntraced(function* (text: string, mode: number) {
        writeFileSync(path, text)
        chmodSync(path, mode)
        const error = yield* Effect.flip(
          use(folder, ({ change }) => change((state) => PairingWindow.open(state, 1, opening)))
        )
        expect(yield* Effect.flip(use(folder, ({ state }) => state))).toMatchObject({ reason: error.reason })
        expect(readFileSync(path, "utf8")).toBe(text)
        expect(error.reason._tag).toBe("PairingStoreFailed")
        expect(error.message).not.toContain("31323334")
        return error.message
      })
      expect(yield* refused(`{"version":2,"secret":"31323334"}`, 0o600)).toContain("no pairings of this version")
      expect(yield* refused("", 0o644)).toContain("chmod 600")
      expect(yield* refused(" ".repeat(70_000), 0o600)).toContain("70000 bytes")
    })
  )

  it.live(
    "[PF-4] [PD-7] attempts survive kill -9: three callers that a killed process was answering use a code up",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const digits = yield* keeper(folder, "new")
        expect(digits).toMatch(/^\d{4}-\d{4}-\d{4}$/)
        const began = Effect.map(
          use(folder, ({ state }) => state),
          ({ window }) => window!.codes.find(({ kind }) => kind === "digits")!.begun
        )
        for (const begun of [1, 2]) {
          yield* keeper(folder, "hangUp")
          expect(yield* began).toBe(begun)
        }
        expect(yield* keeper(folder, "wrong", digits)).toBe("CodeWrong")
        expect(yield* began).toBe(3)
        expect(yield* keeper(folder, "right", digits)).toBe("CodeUsedUp")
        expect(yield* began).toBe(3)
      }),
    60_000
  )

  it.live(
    "[PF-4] with attempts left the right code still comes through behind a kill",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const digits = yield* keeper(folder, "new")
        yield* keeper(folder, "hangUp")
        expect(yield* keeper(folder, "right", digits)).toContain("shown")
      }),
    30_000
  )
})
