// What the policy's audit is told of.
import { expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as MemoryTransport from "../../src/transport/MemoryTransport.ts"
import { stored } from "../../src/crypto/Compression.ts"
import * as FrameCodec from "../../src/wire/FrameCodec.ts"
import { deniesTeam, makeNode, makeRules, pass } from "./virtualNodes.ts"

it.effect("[SE-24] every decision is told: sessions, what is sent, what arrives, what is written", () =>
  Effect.gen(function* () {
    const network = MemoryTransport.makeNetwork()
    const [here, there] = [yield* makeRules([1, 2]), yield* makeRules([1, 2])]
    const hub = yield* makeNode(network, 1, [], { rules: here })
    const reader = yield* makeNode(network, 2, [1], { rules: there })
    yield* hub.put("n1", { team: "north", title: "a" })
    yield* hub.put("s1", { team: "south", title: "b" })
    yield* hub.start
    yield* reader.start
    yield* pass(2_000)
    const north = 'task {"team":"north"}'
    const south = 'task {"team":"south"}'
    expect([...here.told].toSorted()).toEqual([
      "allowed admit session",
      `allowed send ${north}`,
      `allowed send ${south}`,
      `allowed write ${north}`,
      `allowed write ${south}`
    ])
    expect([...there.told].toSorted()).toEqual([
      "allowed admit session",
      `allowed receive ${north}`,
      `allowed receive ${south}`,
      `allowed write ${north}`,
      `allowed write ${south}`
    ])
    yield* there.change(deniesTeam("south"))
    yield* Effect.flip(reader.put("s2", { team: "south", title: "c" }))
    yield* hub.put("s3", { team: "south", title: "d" })
    yield* pass(2_000)
    expect(there.told).toContain(`denied write ${south}`)
    expect(there.told).toContain(`denied receive ${south}`)
    yield* here.change((partition, peer) => peer !== undefined && deniesTeam("south")(partition, peer))
    yield* hub.put("s4", { team: "south", title: "not for the reader" })
    yield* hub.put("n2", { team: "north", title: "e" })
    yield* pass(2_000)
    yield* reader.put("n3", { team: "north", title: "f" })
    yield* pass(2_000)
    expect(here.told).toContain(`allowed receive ${north}`)
    // What the feed passes over says so, for it does that in every session.
    expect(here.told).toContain(`denied send ${south} passed over`)
  })
)

it.effect("[SE-32] of what a peer may not have it sees how much there is, and nothing else", () =>
  Effect.gen(function* () {
    const network = MemoryTransport.makeNetwork()
    const here = yield* makeRules([1, 2])
    yield* here.change((partition, peer) => peer !== undefined && deniesTeam("hidden")(partition, peer))
    const hub = yield* makeNode(network, 1, [], { rules: here })
    const frames: Array<Uint8Array> = []
    const reader = yield* makeNode(network, 2, [1], {
      rules: yield* makeRules([1, 2]),
      link: (link) => ({
        ...link,
        receive: Effect.tap(link.receive, (frame) => Effect.sync(() => void frames.push(frame)))
      })
    })
    yield* hub.put("shown", { team: "open", title: "for all" })
    for (let n = 0; n < 5; n++) yield* hub.put(`h${n}`, { team: "hidden", title: `secret ${n}` })
    yield* hub.start
    yield* reader.start
    yield* pass(2_000)
    yield* hub.put("h5", { team: "hidden", title: "secret 5" })
    yield* pass(2_000)
    yield* hub.put("later", { team: "open", title: "for all" })
    yield* pass(70_000)
    expect(yield* reader.fieldsOf("shown")).toMatchObject({ title: "for all" })
    const messages = frames.map((frame) => Result.getOrThrow(FrameCodec.decode(stored, frame)).message)
    const batches = messages.flatMap((message) => (message._tag === "EventBatch" ? [message] : []))
    expect(batches.map(({ commits, upto }) => [commits.length, upto])).toEqual([
      [1, 6],
      [1, 8]
    ])
    const { rows } = yield* hub.journal.partitions
    const hash = rows.find(({ partition }) => partition.header["team"] === "hidden")!.hash
    for (const secret of [Buffer.from("hidden"), Buffer.from("secret"), Buffer.from("h5"), Buffer.from(hash)]) {
      expect(frames.filter((frame) => Buffer.from(frame).includes(secret))).toEqual([])
    }
  })
)
