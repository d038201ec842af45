/**
 * The hub's own codes: makes one for whoever is signed in, waits for a device that knows it, and lets it in once somebody says yes.
 * There is one code at a time, of this process or of `pair new` on the same folder. What letting in means is `PairingAdmission`'s.
 */
import { Bytes, Charter, type Crypto, DeviceKey, Journal } from "@syncline/core"
import type { MeetingError, PairingDesk, PairingError, PairingWindow } from "@syncline/core/pairing"
import { Context, Effect, Exit, Layer, Scope, Semaphore } from "effect"
import * as HubPairing from "../HubPairing.ts"
import type { Principal } from "../rest/Principal.ts"
import { HubIdentity } from "../status/HubIdentity.ts"
import * as PairingAdmission from "./PairingAdmission.ts"
import { because, PairingClosed, type TeamError } from "./TeamError.ts"

/** A code to show, once. */
export interface Code {
  readonly digits: string
  readonly words: string
  readonly link: string
  readonly expiresMs: number
}

/** The code that is good now, as far as everybody may know it. */
export interface OpenCode {
  readonly expiresMs: number
  readonly role: string | null
  readonly member: string | null
}

export interface PairingKeeperShape {
  /** Makes a code in place of the one before. */
  readonly make: (
    principal: Principal,
    granting: PairingAdmission.Granting | undefined
  ) => Effect.Effect<Code, PairingError.PairingError | MeetingError.MeetingError | TeamError>
  /** Ends the code of this process. */
  readonly close: Effect.Effect<void>
  readonly code: Effect.Effect<OpenCode | undefined>
  readonly pending: Effect.Effect<ReadonlyArray<PairingWindow.Join>, PairingError.PairingError>
  /** Says yes in somebody's name, with the role of the code or another. */
  readonly accept: (
    principal: Principal,
    id: string,
    role: string | undefined
  ) => Effect.Effect<PairingWindow.Join, PairingError.PairingError>
  readonly decline: (id: string) => Effect.Effect<PairingWindow.Join, PairingError.PairingError>
  readonly joinOf: (id: string) => Effect.Effect<PairingWindow.Join | undefined, PairingError.PairingError>
}

export class PairingKeeper extends Context.Service<PairingKeeper, PairingKeeperShape>()(
  "@syncline/server/team/PairingKeeper"
) {}

export interface KeeperOptions {
  readonly folder: string
  /** Name of the space. */
  readonly spaceName: string
  readonly isTeam: boolean
}

type Services =
  | Charter.Charter
  | Crypto.Crypto
  | DeviceKey.DeviceKey
  | HubIdentity
  | HubPairing.HubMeeting
  | Journal.Journal

/** What the operations work on. */
interface Keeper extends KeeperOptions {
  readonly services: Context.Context<Services>
  /** Codes end with it. */
  readonly scope: Scope.Scope
  /** The desk, made when it is first asked for. */
  readonly desk: Effect.Effect<PairingDesk.PairingDeskShape>
  readonly oneAtATime: Semaphore.Semaphore
  /** Who said yes to whom, of those that are not let in yet: as many as the folder keeps requests, `joinsMax` of core. */
  readonly accepted: Map<string, Principal>
  current: { readonly open: OpenCode; readonly scope: Scope.Closeable } | undefined
}

/** The keeper of a hub. A hub without a team has no charter, and nothing here asks for it then. */
export const layer = (options: KeeperOptions): Layer.Layer<PairingKeeper, never, Services> =>
  Layer.effect(
    PairingKeeper,
    Effect.gen(function* () {
      const services = yield* Effect.context<Services>()
      const scope = yield* Effect.scope
      const keeper: Keeper = {
        ...options,
        services,
        scope,
        desk: yield* Effect.cached(Effect.provide(Scope.provide(deskOf(options), scope), services)),
        oneAtATime: Semaphore.makeUnsafe(1),
        accepted: new Map(),
        current: undefined
      }
      return {
        make: (principal, granting) => keeper.oneAtATime.withPermits(1)(make(keeper, principal, granting)),
        close: keeper.oneAtATime.withPermits(1)(close(keeper)),
        code: Effect.sync(() => keeper.current?.open),
        pending: Effect.flatMap(keeper.desk, ({ pending }) => pending),
        accept: (principal, id, role) => keeper.oneAtATime.withPermits(1)(accept(keeper, principal, id, role)),
        decline: (id) => Effect.flatMap(keeper.desk, (desk) => desk.decline(id)),
        joinOf: (id) => Effect.flatMap(keeper.desk, (desk) => desk.joinOf(id))
      }
    })
  )

// Curves and lists of words, which a hub's start should not wait for.
const core = Effect.promise(() => import("@syncline/core/pairing"))
const node = Effect.promise(() => import("@syncline/node/pairing"))

const deskOf = Effect.fnUntraced(function* ({ folder, spaceName }: KeeperOptions) {
  const { PairingDesk } = yield* core
  const { PairingFile } = yield* node
  const { space } = (yield* Journal.Journal).info
  const name = `the hub of ${spaceName}`.slice(0, nameCharsMax)
  const desk = PairingDesk.PairingDesk.layer({ name, platform: process.platform, space: Bytes.fromHex(space)! })
  const built = yield* Layer.build(Layer.provide(desk, PairingFile.layer(folder)))
  return Context.get(built, PairingDesk.PairingDesk)
})

/** Longest name of a device. */
const nameCharsMax = 64

const make = Effect.fnUntraced(function* (
  keeper: Keeper,
  principal: Principal,
  granting: PairingAdmission.Granting | undefined
) {
  const { desk, scope: within, services } = keeper
  const meeting = yield* Context.get(services, HubPairing.HubMeeting).local
  if (meeting === undefined) return yield* Effect.fail(because(new PairingClosed({})))
  yield* close(keeper)
  const scope = yield* Scope.fork(within)
  const inviting = (yield* desk).invite({
    meeting,
    role: granting?.role ?? null,
    ...hubOf(services),
    admit: (join) => Effect.provide(admit(keeper, principal, granting, join), services)
  })
  const { digits, link, outcome, window, words } = yield* Scope.provide(inviting, scope).pipe(
    Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
  )
  const { expiresMs } = window
  const open: OpenCode = { expiresMs, role: granting?.role ?? null, member: granting?.member ?? null }
  keeper.current = { open, scope }
  const over = Effect.suspend(() => {
    if (keeper.current?.scope === scope) keeper.current = undefined
    return Scope.close(scope, Exit.void)
  })
  yield* outcome.pipe(
    Effect.catch(({ message }) => Effect.logInfo("a pairing code of the hub is over", { because: message })),
    Effect.ensuring(over),
    Effect.forkIn(within)
  )
  return { digits, words: words!, link: link!, expiresMs } satisfies Code
})

/** Where joiners find the hub, for the link. */
const hubOf = (services: Context.Context<Services>) => {
  const [hub] = Context.get(services, HubIdentity).current.addresses
  return hub === undefined ? {} : { hub }
}

const close = (keeper: Keeper): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { current } = keeper
    keeper.current = undefined
    return current === undefined ? Effect.void : Scope.close(current.scope, Exit.void)
  })

/** Nobody is remembered for a device that does not wait: who said yes in truth would be forgotten for it. */
const accept = Effect.fnUntraced(function* (
  { accepted, desk }: Keeper,
  principal: Principal,
  id: string,
  role: string | undefined
) {
  const { accept: say, joinOf, pending } = yield* desk
  for (const known of accepted.keys()) {
    if ((yield* joinOf(known))?.outcome !== "waiting") accepted.delete(known)
  }
  const isWaiting = (yield* pending).some((join) => join.id === id)
  if (isWaiting) accepted.set(id, principal)
  return yield* Effect.tapError(say(id, role), () =>
    Effect.sync(() => {
      if (isWaiting) accepted.delete(id)
    })
  )
})

/** Whoever answered at the folder instead has the folder. */
const admit = Effect.fnUntraced(function* (
  { accepted, folder, isTeam, spaceName }: Keeper,
  maker: Principal,
  granting: PairingAdmission.Granting | undefined,
  join: PairingWindow.Join
) {
  const { PairingGrant } = yield* core
  const principal = accepted.get(join.id) ?? (maker.kind === "door" ? maker : ({ kind: "door" } as const))
  accepted.delete(join.id)
  const granted =
    isTeam && granting !== undefined
      ? yield* PairingAdmission.toTeam(principal, granting, join)
      : yield* PairingAdmission.toList(folder, spaceName, join)
  return PairingGrant.encode({ version: 1, hubAddress: null, ...granted })
})
