/**
 * What letting a device in by a code of the hub means: in a team a record of the charter in the name of whoever said yes, elsewhere a
 * line in the list of trusted peers. It runs no pairing.
 */
import { Charter, type CharterError, type CharterOperation, DeviceKey, NewMember, PeerId } from "@syncline/core"
import type { PairingWindow } from "@syncline/core/pairing"
import { TrustFile, type TrustFileError } from "@syncline/node"
import { Effect } from "effect"
import type { Principal } from "../rest/Principal.ts"
import * as ActingMember from "./ActingMember.ts"
import { because, NoneOfTeam, type TeamError } from "./TeamError.ts"

/** What a code grants. */
export interface Granting {
  readonly role: string
  /** Whose further device it is for; `undefined` for a new member. */
  readonly member: string | undefined
}

/** What a device that was let in is told. */
export interface Granted {
  readonly policy: "personal" | "enterprise"
  readonly spaceName: string
  readonly hub: PeerId.PeerId
  readonly member: string | null
  readonly role: string | null
}

export type AdmitError = CharterError.CharterError | TeamError | TrustFileError.TrustFileError

const roleDefault = "member"
/** In the place of a device that is not known yet, to ask what may be granted. It is nobody's, and is never written. */
const somebodysDevice = new Uint8Array(32)

/** What a code is to grant, where the caller could grant it now; a member's further device has the member's role. */
export const grantingOf = Effect.fnUntraced(function* (
  principal: Principal | undefined,
  { member, role }: { readonly member?: string | undefined; readonly role?: string | undefined }
) {
  const { members } = (yield* Charter.Charter).state()
  if (member === undefined) {
    const granting: Granting = { role: role ?? roleDefault, member }
    const operation = {
      _tag: "AddMember",
      member: "somebody-new",
      name: "New",
      role: granting.role,
      teams: []
    } as const
    yield* ActingMember.check(principal, [operation])
    return granting
  }
  const known = members.get(member)
  if (known === undefined) return yield* Effect.fail(because(new NoneOfTeam({ kind: "member", id: member })))
  yield* ActingMember.check(principal, [{ _tag: "AddDevice", member, device: somebodysDevice, name: "New" }])
  return { role: known.role, member } satisfies Granting
})

/** Lets a device in as a new member's, or as a further one of a member. */
export const toTeam = Effect.fnUntraced(function* (
  principal: Principal,
  granting: Granting,
  { id, name, peer, role }: PairingWindow.Join
): Effect.fn.Return<Granted, AdmitError, Charter.Charter | DeviceKey.DeviceKey> {
  const state = (yield* Charter.Charter).state()
  const isTaken = (one: string): boolean => state.members.has(one) || state.removedMembers.has(one)
  const member = granting.member ?? NewMember.idOf(name, id, isTaken)
  const granted = granting.member === undefined ? (role ?? granting.role) : granting.role
  const device = PeerId.toPublicKey(peer)!
  const operations: ReadonlyArray<CharterOperation.CharterOperation> =
    granting.member === undefined
      ? NewMember.operationsOf({ device, member, name, role: granted, teams: [] })
      : [{ _tag: "AddDevice", member, device, name: NewMember.nameOf(name, member) }]
  yield* ActingMember.write(principal, operations, { note: "by a pairing code" })
  const { peer: hub } = yield* DeviceKey.DeviceKey
  return { policy: "enterprise", spaceName: state.name, hub, member, role: granted }
})

/** Trusts a device. */
export const toList = Effect.fnUntraced(function* (
  folder: string,
  spaceName: string,
  { name, peer }: PairingWindow.Join
): Effect.fn.Return<Granted, AdmitError, DeviceKey.DeviceKey> {
  yield* TrustFile.add(folder, peer, `${name.replaceAll(/\p{C}/gu, "")}, paired`)
  const { peer: hub } = yield* DeviceKey.DeviceKey
  return { policy: "personal", spaceName, hub, member: null, role: null }
})
