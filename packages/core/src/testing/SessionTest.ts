/**
 * One test of a session over a transport as it is: a node of its own on one end of a link, and the other end to speak on. What is
 * tested is the business of the suites.
 */
import { it } from "@effect/vitest"
import { Effect, type Fiber, type Layer, Queue, type Scope } from "effect"
import type { PeerId } from "../identity/PeerId.ts"
import type * as Proof from "../session/Proof.ts"
import type { SessionNotice, SessionTiming } from "../session/RunningSession.ts"
import type { Link } from "../transport/Link.ts"
import type { TransportError } from "../transport/TransportError.ts"
import type { WireMessage } from "../wire/WireMessage.ts"
import * as SpokenSession from "./SpokenSession.ts"
import * as TransportConformance from "./TransportConformance.ts"

/** How long one test may take, in milliseconds. */
const testMsMax = 20_000

/** A session of the node under test on one end of a link, and the other end to speak on. */
export interface Opened {
  readonly far: Link
  readonly end: SpokenSession.FarEnd
  /** How the session ends. */
  readonly session: Fiber.Fiber<string>
  /** What it has told its node so far. */
  readonly notices: ReadonlyArray<SessionNotice>
}

export interface OpenOptions {
  readonly expected?: PeerId
  readonly timing?: SessionTiming
}

/** What a session needs of its node. */
export type Services = Effect.Services<ReturnType<typeof SpokenSession.run>>
/** Opens a link and a session on it; who opens the session has dialled the link. */
export type Open = (role: Proof.Role, options?: OpenOptions) => Effect.Effect<Opened, TransportError, Services>

/** Registers one test on a fresh set-up and a fresh node. */
export const sessionTest = <R, E>(
  setup: TransportConformance.TransportSetup,
  title: string,
  node: Layer.Layer<R>,
  body: (open: Open) => Effect.Effect<void, E, R | Scope.Scope>
): void =>
  it.live(
    title,
    () =>
      Effect.gen(function* () {
        const under = yield* setup
        const listener = yield* TransportConformance.listen(under)
        const open: Open = Effect.fnUntraced(function* (role, options) {
          const near = yield* TransportConformance.dialTo(under, listener)
          const accepted = yield* Queue.take(listener.links)
          const [own, far] = role === "initiator" ? [near, accepted] : [accepted, near]
          const { notices, session } = yield* SpokenSession.run(own, role, options)
          return { far, end: new SpokenSession.FarEnd(far), session, notices }
        })
        yield* body(open)
      }).pipe(Effect.provide(node)),
    testMsMax
  )

/** The next message of a kind, whatever comes before it. */
export const next = Effect.fnUntraced(function* <Tag extends WireMessage["_tag"]>(end: SpokenSession.FarEnd, tag: Tag) {
  for (;;) {
    const message = yield* end.hear()
    if (message._tag === tag) return message as WireMessage & { readonly _tag: Tag }
  }
})
