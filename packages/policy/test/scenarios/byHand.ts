/**
 * What is in frames, and peers made by hand, for the scenarios that look at what goes over a link: one sends given frames
 * to a node and keeps what comes back, one answers with given frames whoever dials it, and one stands between two nodes
 * and passes everything on.
 */
import { Commit, Compression, FrameCodec, MemoryTransport, type WireMessage } from "@syncline/core"
import { Effect, Result, type Scope } from "effect"

/** The messages of frames that can be read. */
export const messagesIn = (frames: ReadonlyArray<Uint8Array>): ReadonlyArray<WireMessage.WireMessage> =>
  frames.flatMap((frame) => {
    const decoded = FrameCodec.decode(Compression.stored, frame)
    return Result.isFailure(decoded) ? [] : [decoded.success.message]
  })

/** Teams of the records that a frame brings. */
export const teamsIn = (frame: Uint8Array): ReadonlyArray<unknown> =>
  messagesIn([frame]).flatMap((message) => {
    if (message._tag !== "EventBatch") return []
    return message.commits.map((bytes) => {
      const commit = Commit.open(bytes)
      return typeof commit === "string" ? commit : commit.header.partition.header["team"]
    })
  })

/** One frame, the first one of its sender. */
export const frameOf = (message: WireMessage.WireMessage): Uint8Array =>
  FrameCodec.encode(Compression.stored, { sequence: 0, message })

type Frames = Array<Uint8Array>

/** Dials a node, sends the frames, and gives what comes back from now on. */
export const sendTo = (
  network: MemoryTransport.MemoryNetwork,
  node: number,
  frames: ReadonlyArray<Uint8Array>
): Effect.Effect<Frames, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const link = yield* MemoryTransport.make(network, "by hand").dial(`memory:${node}`)
    const answers: Frames = []
    yield* Effect.forkScoped(
      Effect.ignore(Effect.forever(Effect.map(link.receive, (frame) => void answers.push(frame))))
    )
    for (const frame of frames) yield* Effect.ignore(link.send(frame))
    return answers
  })

/** Listens at a number, and answers each frame with the next one of the given ones. */
export const answerAt = (
  network: MemoryTransport.MemoryNetwork,
  number: number,
  frames: ReadonlyArray<Uint8Array>
): Effect.Effect<Frames, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const heard: Frames = []
    yield* MemoryTransport.make(network, String(number)).listen((link) => {
      let next = 0
      const answer = Effect.gen(function* () {
        heard.push(yield* link.receive)
        const frame = frames[next++]
        if (frame !== undefined) yield* link.send(frame)
      })
      return Effect.ignore(Effect.forever(answer))
    })
    return heard
  })

/** Listens at a number, and passes every frame on to a node and back. */
export const passOnTo = (
  network: MemoryTransport.MemoryNetwork,
  number: number,
  node: number
): Effect.Effect<unknown, unknown, Scope.Scope> => {
  const transport = MemoryTransport.make(network, String(number))
  return transport.listen((near) =>
    Effect.gen(function* () {
      const far = yield* transport.dial(`memory:${node}`)
      return yield* Effect.raceFirst(
        Effect.forever(Effect.flatMap(near.receive, far.send)),
        Effect.forever(Effect.flatMap(far.receive, near.send))
      )
    }).pipe(Effect.scoped, Effect.ignore)
  )
}
