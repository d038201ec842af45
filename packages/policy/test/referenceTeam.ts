/**
 * What a charter with its policy document lets a device do, written down as plainly as can be: the oracle of simulated
 * teams, which shares no code with what it judges but the reading of the document.
 */
import type { CharterState, Partition, PeerId } from "@syncline/core"
import { Result } from "effect"
import type { Action, PolicyDocument } from "../src/PolicyDocument.ts"
import * as PolicyFile from "../src/PolicyFile.ts"
import { decide } from "./referenceEvaluator.ts"

const read = new Map<string, PolicyDocument>()

const documentOf = (text: string): PolicyDocument => {
  const document = read.get(text) ?? Result.getOrThrow(PolicyFile.parse(text))
  read.set(text, document)
  return document
}

export const isLetIn = ({ devices, hub }: CharterState.CharterState, peer: PeerId.PeerId): boolean =>
  peer === hub || devices.get(peer)?.isPaused === false

/** Without a hub the records of who was taken out are taken in, unless one of its own member's devices put it aside. */
export const isHeard = (state: CharterState.CharterState, peer: PeerId.PeerId): boolean =>
  state.hub === undefined &&
  !state.putAside.has(peer) &&
  (state.removedDevices.has(peer) || state.devices.get(peer)?.isPaused === true)

export const isOwner = ({ devices, members }: CharterState.CharterState, peer: PeerId.PeerId): boolean =>
  members.get(devices.get(peer)?.member ?? "")?.role === "owner"

export const may = (
  state: CharterState.CharterState,
  peer: PeerId.PeerId,
  action: Action,
  { header, type }: Partition.Partition
): boolean => {
  if (!isLetIn(state, peer)) return false
  if (peer === state.hub && action === "read") return true
  const member = state.members.get(state.devices.get(peer)?.member ?? "")
  if (member === undefined) return false
  const { id, role, teams } = member
  const { level } = state.roles.get(role)!
  if (level === 100) return true
  const who = { device: peer, member: id, role, level, teams }
  if (state.policy !== undefined) {
    const document = documentOf(state.policy.text)
    const lets = (what: Action) => decide(document, who, what, type, header).allowed
    const kinds = new Map(Object.entries(document.types[type]?.header ?? {}))
    const names = Object.entries(header).flatMap(([field, value]) =>
      kinds.get(field) === "audience" && typeof value === "string" ? value.split(" ") : []
    )
    const isForOthers = names.some((name) => name !== "" && name !== id && name !== peer)
    if (action === "update" || action === "delete") return lets(action) && lets("read")
    if (action === "create") return lets(action) && lets("read") && (!isForOthers || lets("share"))
    return lets(action)
  }
  if (level >= 80) return true
  if (typeof header["team"] === "string" && !teams.includes(header["team"])) return false
  return action === "read" || (level >= 40 && (action === "create" || action === "update" || action === "delete"))
}
