/**
 * What a team's hub remembers of invitations on disk: who may read it, what a killed process leaves, and files that cannot be
 * used.
 */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { type OnboardingError, OnboardingState, OnboardingStore, PeerId } from "@syncline/core"
import { Effect } from "effect"
import * as OnboardingFile from "../../src/onboarding/OnboardingFile.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const use = <A>(
  folder: string,
  body: (store: OnboardingStore.OnboardingStoreShape) => Effect.Effect<A, OnboardingError.OnboardingError>
): Effect.Effect<A, OnboardingError.OnboardingError> =>
  Effect.provide(Effect.flatMap(OnboardingStore.OnboardingStore, body), OnboardingFile.layer(folder))

const inviting = (n: number): OnboardingState.Inviting => ({
  id: `invitation ${n}`,
  key: "ab".repeat(32),
  role: "member",
  teams: ["north"],
  isByHand: true,
  usesMax: 100,
  madeMs: 1_000,
  expiresMs: 2_000
})
const invite = (n: number) => (state: OnboardingState.OnboardingState) => OnboardingState.invite(state, inviting(n))
const peerOf = (n: number): PeerId.PeerId => PeerId.fromPublicKey(new Uint8Array(32).fill(n))
const ask =
  (n: number, invitation = 0) =>
  (state: OnboardingState.OnboardingState) =>
    OnboardingState.ask(state, 1_000, {
      id: `${invitation}.${n}`,
      invitation: `invitation ${invitation}`,
      peer: peerOf(n),
      name: "Zoë",
      platform: "linux"
    })

describe("the file of invitations", () => {
  it.live("[OF-1] keeps what is changed, for its owner alone, and another store reads it back", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = OnboardingFile.onboardingFile(folder)
      expect(yield* use(folder, ({ state }) => state)).toEqual(OnboardingState.empty)
      expect(existsSync(path)).toBe(false)
      yield* use(folder, ({ change }) => change(invite(0)))
      expect(statSync(path).mode & 0o777).toBe(0o600)
      const asked = yield* use(folder, ({ change }) => change(ask(7)))
      expect(asked.kind).toBe("new")
      const kept = yield* use(folder, ({ state }) => state)
      expect(kept.invitations).toEqual([{ ...inviting(0), uses: 1, over: null }])
      expect(kept.requests).toMatchObject([{ id: "0.7", peer: peerOf(7), name: "Zoë", status: "pending" }])
      const before = statSync(path).mtimeMs
      expect((yield* use(folder, ({ change }) => change(ask(7)))).kind).toBe("known")
      expect(statSync(path).mtimeMs).toBe(before)
      expect(existsSync(`${path}.new`)).toBe(false)
    })
  )

  it.live("[OF-1] changes that come at once take turns, and none is lost", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* use(folder, ({ change }) => change(invite(0)))
      const asking = Array.from({ length: 20 }, (_, n) => use(folder, ({ change }) => change(ask(n + 1))))
      yield* Effect.all(asking, { concurrency: "unbounded" })
      const { invitations, requests } = yield* use(folder, ({ state }) => state)
      expect([invitations[0]?.uses, requests.length]).toEqual([20, 20])
    })
  )

  it.live("[OF-2] a change that a killed process left half written counts for nothing and holds nobody up", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = OnboardingFile.onboardingFile(folder)
      yield* use(folder, ({ change }) => change(invite(0)))
      writeFileSync(`${path}.new`, `{"version":1,"invitations":[`)
      const beganMs = performance.now()
      yield* use(folder, ({ change }) => change(invite(1)))
      expect(performance.now() - beganMs).toBeLessThan(5_000)
      expect((yield* use(folder, ({ state }) => state)).invitations).toHaveLength(2)
      expect(existsSync(`${path}.new`)).toBe(false)
    })
  )

  it.live("[OF-2] a file that is damaged, exposed or too large is refused, not changed, and not repeated", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = OnboardingFile.onboardingFile(folder)
      const refused = Effect.fnUntraced(function* (text: string, mode: number) {
        writeFileSync(path, text)
        chmodSync(path, mode)
        const error = yield* Effect.flip(use(folder, ({ change }) => change(invite(0))))
        expect(yield* Effect.flip(use(folder, ({ state }) => state))).toMatchObject({ reason: error.reason })
        expect(readFileSync(path, "utf8")).toBe(text)
        expect(error.reason._tag).toBe("OnboardingStoreFailed")
        expect(error.message).not.toContain("Zoe")
        return error.message
      })
      expect(yield* refused(`{"version":2,"name":"Zoe"}`, 0o600)).toContain("no invitations of this version")
      expect(yield* refused(`{"version":1,"invitations":[],"requests":[{"name":"Zoe"}]}`, 0o600)).toContain(
        "no invitations"
      )
      expect(yield* refused(`{"version":1,"invi`, 0o600)).toContain("no invitations of this version")
      expect(yield* refused("", 0o644)).toContain("chmod 600")
      expect(yield* refused(" ".repeat(OnboardingFile.fileBytesMax + 1), 0o600)).toContain("make sense")
    })
  )

  it.live("[OF-3] as much as may be remembered, with the longest texts, fits", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { invitationsMax, invitedTeamsMax, requestsMax } = OnboardingState
      const long = "\u0001".repeat(64)
      const teams = Array.from({ length: invitedTeamsMax }, (_, i) => `${i}`.padStart(64, "t"))
      const request: OnboardingState.Request = {
        id: "01234567",
        invitation: "0123456789abcdef",
        peer: peerOf(1),
        name: long,
        platform: long,
        role: "r".repeat(64),
        teams,
        askedMs: Number.MAX_SAFE_INTEGER,
        untilMs: Number.MAX_SAFE_INTEGER,
        status: "rejected",
        settledMs: Number.MAX_SAFE_INTEGER,
        by: peerOf(2),
        because: "\u0001".repeat(OnboardingState.reasonCharsMax),
        member: "m".repeat(64)
      }
      const full: OnboardingState.OnboardingState = {
        version: 1,
        invitations: Array.from({ length: invitationsMax }, (_, n) => ({
          ...inviting(n),
          teams,
          uses: 1,
          over: "expired"
        })),
        requests: Array.from({ length: requestsMax }, () => request)
      }
      yield* use(folder, ({ change }) => change(() => ({ answer: undefined, state: full })))
      expect(yield* use(folder, ({ state }) => state)).toEqual(full)
      expect(statSync(OnboardingFile.onboardingFile(folder)).size).toBeLessThan(OnboardingFile.fileBytesMax)
    })
  )
})
