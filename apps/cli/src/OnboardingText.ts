/** What people read of invitations and requests. Programs read the objects themselves. */
import type { OnboardingState } from "@syncline/core"
import { command } from "./Invocation.ts"
import * as PlainText from "./PlainText.ts"
import * as PointInTime from "./PointInTime.ts"

/** An invitation as the hub shows it: without its key. */
export type ShownInvitation = Omit<OnboardingState.Invitation, "key"> & {
  readonly standing: ReturnType<typeof OnboardingState.standingOf>
}

/** The link, shown once, and what to do with it. */
export const link = (text: string, invitation: ShownInvitation): string =>
  [
    `Invitation ${invitation.id}: ${offer(invitation)}.`,
    "",
    `  ${text}`,
    "",
    "It is shown once and kept nowhere: whoever has it may ask to join. On the other device, run:",
    `  ${command("join --data ./syncline-device")}`,
    "and paste the link there."
  ].join("\n")

const offer = ({ expiresMs, isByHand, role, teams, usesMax }: ShownInvitation): string => {
  const times = usesMax === 1 ? "one request" : `${usesMax} requests`
  const within = teams.length === 0 ? "" : ` in ${teams.join(", ")}`
  const how = isByHand ? "which a person must approve" : "approved by itself"
  return `${times}, ${how}, for the role ${role}${within}, until ${PointInTime.printMs(expiresMs)}`
}

/** One invitation in a list; its id comes first. */
export const invitation = (each: ShownInvitation): string => {
  const { id, isByHand, standing, uses, usesMax } = each
  const how = isByHand ? "" : "  approved by itself"
  return `${id}  ${standing}  ${uses} of ${usesMax}  ${rights(each)}  until ${PointInTime.printMs(each.expiresMs)}${how}`
}

const rights = ({ role, teams }: { readonly role: string; readonly teams: ReadonlyArray<string> }): string =>
  teams.length === 0 ? role : `${role} in ${teams.join(", ")}`

/** One request in a list; its id comes first. */
export const request = (each: OnboardingState.Request): string => {
  const { askedMs, because, id, invitation, member, name, peer, platform, status } = each
  const who = `${PlainText.part(name)} (${PlainText.part(platform)}, ${peer})`
  const end =
    status === "approved" ? `  is ${member}` : status === "rejected" ? `  ${PlainText.part(because ?? "")}` : ""
  return `${id}  ${status}  ${who}  ${rights(each)}  by ${invitation}, ${PointInTime.printMs(askedMs)}${end}`
}
