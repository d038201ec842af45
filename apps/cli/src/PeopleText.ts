/** What people read of accounts, tokens and sessions. Programs read the objects themselves. */
import type { AdminPeople } from "@syncline/core/admin"
import * as PlainText from "./PlainText.ts"
import * as PointInTime from "./PointInTime.ts"

export const account = ({
  id,
  isDisabled,
  linkUntilMs,
  member,
  name,
  role,
  signsInBy
}: AdminPeople.Account): string => {
  const asMember = member === null ? "" : `  as ${member}`
  const by = signsInBy.length === 0 ? "" : `  by ${signsInBy.join(", ")}`
  const link = linkUntilMs === null ? "" : `  link until ${PointInTime.printMs(linkUntilMs)}`
  return `${id}  ${PlainText.part(name)}  ${role}${asMember}${by}${link}${isDisabled ? "  disabled" : ""}`
}

/** The link's secret, shown once, and what to do with it. */
export const link = (name: string, secret: string, untilMs: number): string =>
  [
    `A link for ${PlainText.part(name)}, good once until ${PointInTime.printMs(untilMs)}:`,
    "",
    `  ${secret}`,
    "",
    "It is shown once. Give it to its person, who chooses a password with it."
  ].join("\n")

export const token = (account: string, { expiresMs, id, note, scopes, usedMs }: AdminPeople.Token): string => {
  const used = usedMs === null ? "never used" : `used ${PointInTime.printMs(usedMs)}`
  const what = note === "" ? "" : `  ${PlainText.part(note)}`
  return `${id}  ${PlainText.part(account)}  ${scopes.join(", ")}  until ${PointInTime.printMs(expiresMs)}  ${used}${what}`
}

/** A token's secret, shown once. */
export const secret = (text: string, { expiresMs }: AdminPeople.Token): string =>
  [
    `  ${text}`,
    "",
    `It is shown once, and good until ${PointInTime.printMs(expiresMs)}. Keep it in a file that only its program reads.`
  ].join("\n")

export const session = (
  account: string,
  { id, remote, signedInMs, usedMs, userAgent }: AdminPeople.Session
): string => {
  const times = `since ${PointInTime.printMs(signedInMs)}, used ${PointInTime.printMs(usedMs)}`
  return `${id}  ${PlainText.part(account)}  from ${PlainText.part(remote)}  ${times}  ${PlainText.part(userAgent)}`
}
