/**
 * What is wrong with a row that cannot be kept: a text that is too long or that no file holds as it is, a number that is no time
 * or count. It throws the reason; whether rows go together is not asked here.
 */
import * as HubRow from "./HubRow.ts"
import { because, HubRowUnfit } from "./HubStoreError.ts"

/** The latest time that a date can be, in milliseconds since 1970. */
const msMax = 8_640_000_000_000_000
const hashPattern = /^[0-9a-f]{64}$/
const keyPattern = /^[ -~]+$/

/** Throws where a row of this kind has a field that cannot be kept. */
class Fitness {
  readonly #row: string

  constructor(row: string) {
    this.#row = row
  }

  refuse(field: string, problem: string): never {
    throw because(new HubRowUnfit({ row: this.#row, field, problem }))
  }

  text(field: string, value: string, charsMax: number, charsMin = 0): void {
    if (value.length > charsMax) this.refuse(field, `it has ${value.length} characters, more than ${charsMax}`)
    if (value.length < charsMin) this.refuse(field, "it is empty")
    if (!value.isWellFormed()) this.refuse(field, "it is no well-formed text")
  }

  hash(field: string, value: string): void {
    if (!hashPattern.test(value)) this.refuse(field, "it is no hash of 64 hexadecimal digits")
  }

  whole(field: string, value: number | undefined, max = msMax): void {
    const isFit = value === undefined || (Number.isSafeInteger(value) && value >= 0 && value <= max)
    if (!isFit) this.refuse(field, `it is ${value}, and no whole number from 0 to ${max}`)
  }
}

export const account = ({ id, madeMs, member, name, role }: HubRow.AccountRow): void => {
  const fit = new Fitness("account")
  fit.text("id", id, HubRow.accountIdCharsMax, 1)
  fit.text("name", name, HubRow.accountNameCharsMax, 1)
  fit.text("role", role, HubRow.roleCharsMax, 1)
  if (member !== undefined) fit.text("member", member, HubRow.memberCharsMax, 1)
  fit.whole("madeMs", madeMs)
}

export const credential = ({ counter, data, id, kind, madeMs, usedMs }: HubRow.CredentialRow): void => {
  const fit = new Fitness("credential")
  if (!HubRow.credentialKinds.includes(kind)) fit.refuse("kind", `it is none of ${HubRow.credentialKinds.join(", ")}`)
  fit.text("id", id, HubRow.credentialIdCharsMax, 1)
  fit.text("data", data, HubRow.credentialDataCharsMax)
  fit.whole("madeMs", madeMs)
  fit.whole("usedMs", usedMs)
  fit.whole("counter", counter, 2 ** 32 - 1)
}

export const session = (row: HubRow.SessionRow): void => {
  const fit = new Fitness("session")
  fit.hash("hash", row.hash)
  fit.whole("madeMs", row.madeMs)
  fit.whole("signedInMs", row.signedInMs)
  fit.whole("usedMs", row.usedMs)
  fit.text("userAgent", row.userAgent, HubRow.userAgentCharsMax)
  fit.text("remote", row.remote, HubRow.remoteCharsMax)
}

export const token = (row: HubRow.TokenRow): void => {
  const fit = new Fitness("token")
  fit.text("id", row.id, HubRow.tokenIdCharsMax, 1)
  fit.hash("hash", row.hash)
  fit.text("note", row.note, HubRow.noteCharsMax)
  const { length } = row.scopes
  if (length > HubRow.scopesMax) fit.refuse("scopes", `there are ${length} of them, more than ${HubRow.scopesMax}`)
  for (const scope of row.scopes) fit.text("scopes", scope, HubRow.scopeCharsMax, 1)
  fit.whole("madeMs", row.madeMs)
  fit.whole("expiresMs", row.expiresMs)
  fit.whole("usedMs", row.usedMs)
}

/** A key under which attempts are counted, and the times that they are counted by. */
export const attempt = (key: string, nowMs: number, forgetMs: number): void => {
  const fit = new Fitness("count of attempts")
  fit.hash("key", key)
  fit.whole("nowMs", nowMs)
  fit.whole("forgetMs", forgetMs)
}

export const setting = (key: string, value: string): void => {
  const fit = new Fitness("setting")
  fit.text("key", key, HubRow.settingKeyCharsMax, 1)
  if (!keyPattern.test(key)) fit.refuse("key", "it has other characters than printable ones of ASCII")
  fit.text("value", value, HubRow.settingCharsMax)
}
