// What the scenarios of Eidetica's incremental_auth say: nobody is served who has not proven, now and here, who it is.
import { describe, expect, it } from "@effect/vitest"
import { Bytes, type WireMessage } from "@syncline/core"
import { Effect } from "effect"
import { deviceOf } from "../space.ts"
import { makeNode, pass, seenBy } from "../teamNodes.ts"
import { answerAt, frameOf, messagesIn, passOnTo, sendTo } from "./byHand.ts"
import { held, openTeam, putAll } from "./openTeam.ts"

const challenge: WireMessage.WireMessage = {
  _tag: "Challenge",
  version: 1,
  nonce: new Uint8Array(16),
  peer: deviceOf(2).publicKey
}
const question: WireMessage.WireMessage = {
  _tag: "SyncRequest",
  request: 1,
  root: new Uint8Array(16),
  count: 0,
  head: 0,
  applied: 0
}

/** Nothing of a space is among the answers. */
const saysNothing = (answers: ReadonlyArray<Uint8Array>): void => {
  const known = new Set(messagesIn(answers).map(({ _tag }) => _tag))
  for (const tag of known) expect(["Challenge", "ChallengeAck", "Error"]).toContain(tag)
  for (const bytes of answers) expect(Bytes.toHex(bytes)).not.toContain(Bytes.toHex(Bytes.utf8("north")))
}

describe("proofs", () => {
  it.effect(
    "[SE-6] [SE-2] eidetica unauthenticated_pull_is_refused: whoever asks before it has proven itself gets no answer",
    () =>
      Effect.gen(function* () {
        const { hub, network } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 3)
        const direct = yield* sendTo(network, 1, [frameOf(question)])
        const challenged = yield* sendTo(network, 1, [frameOf(challenge), frameOf(question)])
        yield* pass(6_000)
        expect(messagesIn(direct).at(-1)).toMatchObject({ _tag: "Error", code: "ProtocolViolated" })
        for (const answers of [direct, challenged]) saysNothing(answers)
        expect((yield* hub.status).peers).toEqual([])
      })
  )

  it.effect(
    "[SE-1] [CX-1] eidetica does_not_leak_auth_settings: who is refused gets no record of the charter and no name",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 3)
        const frames: Array<Uint8Array> = []
        const stranger = yield* enter(9, { onFrame: (frame) => void frames.push(frame) })
        yield* pass(20_000)
        expect(frames.length).toBeGreaterThan(2)
        saysNothing(frames)
        expect(stranger.charter.state().version).toBe(0)
      })
  )

  it.effect(
    "[CX-1] eidetica authorized_signed_pull_is_served: who proves that it is a member's device gets what it may read",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 3)
        const mia = yield* enter(2)
        yield* pass(1_000)
        expect(yield* held(mia)).toEqual({ north: 3 })
      })
  )

  it.effect(
    "[EP-10] [SE-1] eidetica unauthorized_key_refused: a good proof by a key that nobody knows opens nothing",
    () =>
      Effect.gen(function* () {
        const { enter, hub } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 3)
        const stranger = yield* enter(9)
        yield* pass(3_000)
        expect(yield* held(stranger)).toEqual({})
        expect(seenBy(stranger, "SyncError")[0]).toMatchObject({ code: "PeerDenied" })
        expect((yield* hub.status).peers.filter((known) => known.state !== "offline")).toEqual([])
      })
  )

  it.effect("[SE-3] eidetica replayed: what a device has sent opens no second connection", () =>
    Effect.gen(function* () {
      const sent: Array<Uint8Array> = []
      const { enter, hub, network } = yield* openTeam(["mia", "member", 2, "north"])
      yield* putAll(hub, "north", 3)
      const mia = yield* enter(2, { onSent: (frame) => void sent.push(frame) })
      yield* pass(2_000)
      expect(yield* held(mia)).toEqual({ north: 3 })
      expect(
        messagesIn(sent)
          .map(({ _tag }) => _tag)
          .slice(0, 2)
      ).toEqual(["Challenge", "Hello"])
      yield* mia.close
      const answers = yield* sendTo(network, 1, sent)
      yield* pass(2_000)
      saysNothing(answers)
      expect(messagesIn(answers).at(-1)).toMatchObject({ _tag: "Error", code: "ProofInvalid" })
    })
  )

  it.effect("[SE-3] eidetica replayed: nor what it has answered", () =>
    Effect.gen(function* () {
      const network = (yield* openTeam()).network
      const answered: Array<Uint8Array> = []
      const other = yield* makeNode(network, 4, [2, 5], { onFrame: (frame) => void answered.push(frame) })
      const mia = yield* makeNode(network, 2, [])
      for (const node of [mia, other]) yield* node.start
      yield* pass(1_000)
      expect(messagesIn(answered)[0]?._tag).toBe("ChallengeAck")
      const heard = yield* answerAt(network, 5, answered.slice())
      yield* pass(10_000)
      expect(heard.length).toBeGreaterThan(0)
      expect(seenBy(other, "SyncError").filter(({ route }) => route === "memory:5")).toContainEqual(
        expect.objectContaining({ code: "ProofInvalid" })
      )
      saysNothing(heard)
    })
  )

  it.effect(
    "[SE-8] eidetica stale: who takes its time with the proof is cut off; a proof has no date that could be stale",
    () =>
      Effect.gen(function* () {
        const { hub, network } = yield* openTeam(["mia", "member", 2, "north"])
        yield* putAll(hub, "north", 3)
        const answers = yield* sendTo(network, 1, [frameOf(challenge)])
        yield* pass(6_000)
        saysNothing(answers)
        expect(seenBy(hub, "SyncError").at(-1)).toMatchObject({ code: "SessionStalled" })
      })
  )

  it.effect("[SE-3] eidetica signed_for_another_server: who stands in between can pass a proof on to nobody", () =>
    Effect.gen(function* () {
      const { hub, network } = yield* openTeam(["mia", "member", 2, "north"])
      yield* putAll(hub, "north", 3)
      yield* passOnTo(network, 5, 1)
      const mia = yield* makeNode(network, 2, [5])
      yield* mia.start
      yield* pass(5_000)
      expect(yield* held(mia)).toEqual({})
      expect(mia.charter.state().version).toBe(0)
      expect(seenBy(mia, "SyncError")[0]).toMatchObject({ code: "ProofInvalid" })
    })
  )
})
