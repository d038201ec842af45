/** The policy that is in force, and a draft of another one that somebody works on. Drafts lie beside the accounts and decide nothing. */
import { Bytes, Charter } from "@syncline/core"
import { AdminPolicy } from "@syncline/core/admin"
import { HubStore } from "@syncline/node/hub"
import { PolicyDesk } from "@syncline/policy"
import { Clock, Effect, Schema } from "effect"
import * as peopleProblems from "../people/peopleProblems.ts"
import { type AnyEndpoint, endpoint } from "../rest/Endpoint.ts"
import type { Principal } from "../rest/Principal.ts"
import { documentBytesMax } from "./charterEndpoints.ts"
import * as teamProblems from "./teamProblems.ts"
import { because, DraftMoved, NoneOfTeam } from "./TeamError.ts"

const reading = { tag: "policy", isTeams: true, access: { kind: "scope", scope: "team:read" } } as const
const drafting = {
  tag: "policy",
  isTeams: true,
  path: "/policy/draft",
  access: { kind: "scope", scope: "policy:write" },
  problems: { ...peopleProblems.store, ...teamProblems.team }
} as const

/** The text lies by itself, as a setting holds no more than the longest of them. */
const textKey = (owner: string): string => `draft/${owner}`
const factsKey = (owner: string): string => `draft-facts/${owner}`

const Facts = Schema.Struct({ basedOn: Schema.NullOr(Schema.Int), savedMs: Schema.Finite })
const readFacts = Schema.decodeUnknownOption(Schema.fromJsonString(Facts))

/** The hub's machine has one of its own. */
const ownerOf = (principal: Principal | undefined): string =>
  principal === undefined || principal.kind === "door" ? "door" : principal.account.id

const draftIn = ({ settings }: HubStore.HubReads, owner: string) => {
  const [text, facts] = [settings.get(textKey(owner)), readFacts(settings.get(factsKey(owner)))]
  return text === undefined || facts._tag === "None" ? undefined : { text, ...facts.value }
}

/** Those of accounts that are gone make room. */
const forgetThoseOfNobody = ({ accounts, settings }: HubStore.HubRows): void => {
  for (const key of settings.keys(textKey(""))) {
    const owner = key.slice(textKey("").length)
    if (owner === "door" || accounts.get(owner) !== undefined) continue
    settings.remove(key)
    settings.remove(factsKey(owner))
  }
}

const none = Effect.fail(because(new NoneOfTeam({ kind: "draft", id: "of yours" })))

export const draftEndpoints: ReadonlyArray<AnyEndpoint<HubStore.HubStore | Charter.Charter>> = [
  endpoint({
    ...reading,
    id: "policy.get",
    method: "GET",
    path: "/policy",
    summary: "The document that is in force, and which charter it belongs to.",
    answer: AdminPolicy.InForce,
    problems: {},
    run: () =>
      Effect.map(Charter.Charter, (charter) => {
        const { policy, version } = charter.state()
        return {
          version: policy?.version ?? null,
          text: policy?.text ?? null,
          warnings: policy === undefined ? [] : PolicyDesk.warnings(charter, policy.text),
          charterVersion: version,
          digest: Bytes.toHex(charter.digest())
        }
      })
  }),
  endpoint({
    ...drafting,
    id: "policy.draft.get",
    method: "GET",
    summary: "The draft that the caller works on.",
    answer: AdminPolicy.KeptDraft,
    run: Effect.fnUntraced(function* ({ principal }) {
      const found = yield* (yield* HubStore.HubStore).read((rows) => draftIn(rows, ownerOf(principal)))
      return found ?? (yield* none)
    })
  }),
  endpoint({
    ...drafting,
    id: "policy.draft.put",
    method: "PUT",
    summary: "Keeps a draft in place of the caller's last one. Nothing of it is in force.",
    body: AdminPolicy.Kept,
    bodyBytesMax: documentBytesMax,
    answer: AdminPolicy.KeptDraft,
    audit: () => "kept a draft of the policy",
    run: Effect.fnUntraced(function* ({ body: { basedOn = null, replaces, text }, principal }) {
      const owner = ownerOf(principal)
      const nowMs = yield* Clock.currentTimeMillis
      const saved = yield* (yield* HubStore.HubStore).change((rows) => {
        forgetThoseOfNobody(rows)
        const before = draftIn(rows, owner)?.savedMs ?? null
        if (replaces !== undefined && replaces !== before) return new DraftMoved({ savedMs: before })
        const facts = { basedOn, savedMs: Math.max(nowMs, (before ?? 0) + 1) }
        rows.settings.set(textKey(owner), text)
        rows.settings.set(factsKey(owner), JSON.stringify(facts))
        return { text, ...facts }
      })
      return saved instanceof DraftMoved ? yield* Effect.fail(because(saved)) : saved
    })
  }),
  endpoint({
    ...drafting,
    id: "policy.draft.remove",
    method: "DELETE",
    summary: "Throws the caller's draft away.",
    answer: "none",
    audit: () => "threw a draft of the policy away",
    run: Effect.fnUntraced(function* ({ principal }) {
      const owner = ownerOf(principal)
      const isGone = yield* (yield* HubStore.HubStore).change(({ settings }) => {
        settings.remove(factsKey(owner))
        return settings.remove(textKey(owner))
      })
      if (!isGone) return yield* none
    })
  })
]
