/** Devices of the team's members, and how many a member may have where nothing else is said of it. */
import { Charter, type CharterOperation, type CharterState, PeerId } from "@syncline/core"
import { AdminPage, AdminTeam } from "@syncline/core/admin"
import { Effect } from "effect"
import { endpoint } from "../rest/Endpoint.ts"
import * as ActingMember from "./ActingMember.ts"
import { addDevice } from "./memberEndpoints.ts"
import { because, NoneOfTeam } from "./TeamError.ts"
import * as teamProblems from "./teamProblems.ts"

const reading = { tag: "devices", access: { kind: "scope", scope: "team:read" }, isTeams: true, problems: {} } as const
const writing = {
  ...reading,
  access: { kind: "scope", scope: "team:write" },
  problems: teamProblems.acting,
  audit: "path"
} as const

const deviceIn = (state: CharterState.CharterState, peer: PeerId.PeerId) => {
  const device = state.devices.get(peer)
  return device === undefined
    ? Effect.fail(because(new NoneOfTeam({ kind: "device", id: peer })))
    : Effect.succeed(device)
}

const deviceOf = (peer: PeerId.PeerId) => Effect.flatMap(Charter.Charter, (charter) => deviceIn(charter.state(), peer))

export const deviceEndpoints = [
  endpoint({
    ...reading,
    id: "devices.list",
    method: "GET",
    path: "/devices",
    summary: "Devices, by their peer ids.",
    query: AdminPage.Query,
    answer: AdminTeam.Devices,
    run: ({ query }) =>
      Effect.map(Charter.Charter, (charter) =>
        AdminPage.cut(charter.state().devices.values(), ({ peer }) => peer, query)
      )
  }),
  endpoint({
    ...reading,
    id: "devices.get",
    method: "GET",
    path: "/devices/:peer",
    summary: "A device.",
    params: AdminTeam.OfPeer,
    answer: AdminTeam.Device,
    problems: teamProblems.team,
    run: ({ params: { peer } }) => deviceOf(peer)
  }),
  endpoint({
    ...writing,
    id: "devices.add",
    method: "POST",
    path: "/devices",
    summary: "A further device of a member.",
    body: AdminTeam.NewDevice,
    status: 201,
    answer: AdminTeam.Device,
    run: Effect.fnUntraced(function* ({ body: { member, name, peer, ...wording }, principal }) {
      return yield* deviceIn(yield* ActingMember.write(principal, [addDevice(member, { name, peer })], wording), peer)
    })
  }),
  endpoint({
    ...writing,
    id: "devices.change",
    method: "PATCH",
    path: "/devices/:peer",
    summary: "Renames a device, or pauses it and lets it go on.",
    params: AdminTeam.OfPeer,
    body: AdminTeam.DeviceChanges,
    answer: AdminTeam.Device,
    run: Effect.fnUntraced(function* ({ body: { isPaused, name, ...wording }, params: { peer }, principal }) {
      yield* deviceOf(peer)
      const device = PeerId.toPublicKey(peer)!
      const operations: Array<CharterOperation.CharterOperation> = []
      if (name !== undefined) operations.push({ _tag: "RenameDevice", device, name })
      if (isPaused !== undefined) operations.push({ _tag: "PauseDevice", device, isPaused })
      return yield* deviceIn(yield* ActingMember.write(principal, operations, wording), peer)
    })
  }),
  endpoint({
    ...writing,
    id: "devices.remove",
    method: "DELETE",
    path: "/devices/:peer",
    summary: "Ends a device's rights, for good: its links end, and what it writes from now on counts nowhere.",
    params: AdminTeam.OfPeer,
    query: AdminTeam.Expecting,
    access: { kind: "scope", scope: "team:write", isFresh: true },
    answer: "none",
    run: Effect.fnUntraced(function* ({ params: { peer }, principal, query }) {
      yield* deviceOf(peer)
      yield* ActingMember.write(principal, [{ _tag: "RemoveDevice", device: PeerId.toPublicKey(peer)! }], query)
    })
  }),
  endpoint({
    ...writing,
    id: "devices.limit",
    method: "PUT",
    path: "/device-limit",
    summary: "How many devices each member may have.",
    body: AdminTeam.DeviceLimit,
    answer: AdminTeam.Written,
    run: Effect.fnUntraced(function* ({ body: { limit, ...wording }, principal }) {
      const { version } = yield* ActingMember.write(principal, [{ _tag: "SetDeviceLimit", limit }], wording)
      return { version }
    })
  })
]
