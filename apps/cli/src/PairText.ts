/** What people read while two devices are paired. Programs read the objects themselves. */
import type { PairingDesk, PairingInvitation, PairingWindow } from "@syncline/core/pairing"
import { command } from "./Invocation.ts"
import * as PlainText from "./PlainText.ts"

/** The codes, and what to type on the other device. */
export const invitation = (
  { digits, link, window, words }: PairingDesk.Invitation<unknown>,
  hub: string,
  picture: string | undefined
): string => {
  const minutes = Math.round((window.expiresMs - window.openedMs) / 60_000)
  return [
    `Code for one device, good for ${minutes} minutes:`,
    "",
    `  digits  ${digits}`,
    `  words   ${words}`,
    `  link    ${link}`,
    ...(picture === undefined ? [] : ["", picture]),
    "",
    "On the other device, run:",
    `  ${command(`pair join ${digits} --hub ${hub} --data ./syncline-device`)}`
  ].join("\n")
}

/** The code of six digits, and how the other device finds this one. */
export const nearbyInvitation = (
  { digits, window }: PairingDesk.Invitation<unknown>,
  addresses: ReadonlyArray<string>
): string => {
  const minutes = Math.round((window.expiresMs - window.openedMs) / 60_000)
  const [address] = [...addresses].sort((one, other) => rank(one) - rank(other))
  return [
    `Code for one device in this network, good for ${minutes} minutes and one attempt:`,
    "",
    `  digits  ${digits}`,
    "",
    "On the other device, run:",
    `  ${command(`pair join ${digits} --data ./syncline-device`)}`,
    ...(address === undefined
      ? []
      : ["", `Where it does not find this device by itself, add there: --inviter ${address}`])
  ].join("\n")
}

/** Addresses that another machine can dial, and that are easy to type, first. */
const rank = (address: string): number => {
  const isElsewhere = !/^\/ip4\/127\.|^\/ip6\/::1\//.test(address)
  return (isElsewhere ? 0 : 4) + (address.startsWith("/ip4/") ? 0 : 2) + (address.includes("/tcp/") ? 0 : 1)
}

/** A device that asks, and what it becomes. */
export const request = (join: PairingWindow.Join, member: string | undefined): string =>
  [
    `${PlainText.part(join.name)} (${PlainText.part(join.platform)}) knows the code and wants to join.`,
    `  check number  ${join.checkNumber}  (its screen must show the same; if not, somebody stands between: say no)`,
    `  device id     ${join.peer}`,
    ...(join.role === null ? [] : [`  becomes       the member ${member} with the role ${join.role}`])
  ].join("\n")

/** How to answer from another terminal. */
export const howToAnswer = ({ id }: PairingWindow.Join, folder: string): string =>
  [
    "To answer, run in another terminal within two minutes one of:",
    `  ${command(`pair accept ${id} --data ${folder}`)}`,
    `  ${command(`pair deny ${id} --data ${folder}`)}`
  ].join("\n")

/** One request in a list; its id comes first. */
export const line = ({ checkNumber, id, name, peer, platform, role }: PairingWindow.Join): string => {
  const as = role === null ? "" : `, role ${role}`
  return PlainText.part(`${id}  check number ${checkNumber}  ${name} (${platform})${as}  ${peer}`)
}

/** What happens to an invitation, where people should know. */
export const event = (said: PairingInvitation.InvitationEvent): string | undefined => {
  switch (said._tag) {
    case "Attempted":
      return said.left === 0 ? "Somebody uses the last attempt of this code." : undefined
    case "Asked":
      return undefined
    case "Lost":
      return `The way to other devices was lost (${said.problem}); trying again.`
    case "Failed":
      return failed[said.code]
  }
}

const failed: Record<Extract<PairingInvitation.InvitationEvent, { readonly _tag: "Failed" }>["code"], string> = {
  CodeWrong: "Somebody tried a wrong code.",
  CodeUsedUp: "Somebody tried a code that is used up. Make a new one if it was you.",
  Malformed: "Somebody came with another program or another version of it.",
  Reflected: "This device met itself; use the code on the other device.",
  ProofInvalid: "Somebody came who could not prove who it is.",
  Declined: "The device was not let in.",
  Busy: "Somebody else came meanwhile and was sent away.",
  NotKept: "The other device could not keep what it was granted; it says why.",
  Gone: "The other device went away or took too long."
}

/** It is let in, and can make nothing of it. */
export const unkept = "It could not keep what it was granted, and says why. It is let in all the same."
