/**
 * One-time links by which people choose the password of an account, the first or a new one: one for each account, good for three days. The
 * secret is shown once; the hub keeps a hash, among its settings. How it reaches the person is up to who made it.
 */
import type { HubStore } from "@syncline/node/hub"
import { Schema } from "effect"
import * as Secret from "./Secret.ts"

export const linkMsMax = 3 * 24 * 60 * 60_000

const Kept = Schema.fromJsonString(Schema.Struct({ hash: Schema.String, untilMs: Schema.Int }))
const decode = Schema.decodeSync(Kept)
const encode = Schema.encodeSync(Kept)

const linkPattern = /^([0-9a-f]{16})_([\w-]{43})$/

const keyOf = (account: string): string => `account-link/${account}`

/** Makes an account's link, in place of one that it may have. */
export const make = ({ settings }: HubStore.HubRows, account: string, nowMs: number) => {
  const [secret, untilMs] = [Secret.draw(), nowMs + linkMsMax]
  settings.set(keyOf(account), encode({ hash: Secret.hashOf(secret), untilMs }))
  return { link: `${account}_${secret}`, untilMs }
}

/** The account that a link is of, while it is good. */
export const accountOf = (rows: HubStore.HubReads, link: string, nowMs: number): string | undefined => {
  const [, account, secret] = linkPattern.exec(link) ?? []
  if (account === undefined || secret === undefined) return undefined
  const text = rows.settings.get(keyOf(account))
  if (text === undefined) return undefined
  const { hash, untilMs } = decode(text)
  return Secret.isOf(hash, secret) && nowMs < untilMs ? account : undefined
}

/** Until when an account's link is good, where it has one. */
export const untilOf = ({ settings }: HubStore.HubReads, account: string, nowMs: number): number | null => {
  const text = settings.get(keyOf(account))
  const untilMs = text === undefined ? 0 : decode(text).untilMs
  return untilMs > nowMs ? untilMs : null
}

/** Ends an account's link. */
export const end = ({ settings }: HubStore.HubRows, account: string): void => void settings.remove(keyOf(account))
