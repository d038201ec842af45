/** Questions about the policy: what is in force, what a draft would change, and why something may or may not be. */
import type { AdminPolicy } from "@syncline/core/admin"
import { queryOptions } from "@tanstack/react-query"
import { ask, Refused } from "./ask.ts"

export type InForce = typeof AdminPolicy.InForce.Type
export type KeptDraft = typeof AdminPolicy.KeptDraft.Type
export type Tested = typeof AdminPolicy.Tested.Type
export type Reach = typeof AdminPolicy.Reach.Type
export type Impact = typeof AdminPolicy.Impact.Type
export type Impacts = typeof AdminPolicy.Impacts.Type
export type Explanation = typeof AdminPolicy.Explanation.Type
export type Question = typeof AdminPolicy.Question.Type
export type Version = (typeof AdminPolicy.Versions.Type)["versions"][number]
export type Action = Question["action"]

export const actions: ReadonlyArray<Action> = ["read", "create", "update", "delete", "share", "administer"]

export const inForceQuery = queryOptions({
  queryKey: ["policy", "force"],
  queryFn: ({ signal }) => ask<InForce>("GET", "/policy", { signal })
})

/** `null` where there is none, or whoever asks may keep none. */
export const draftQuery = queryOptions({
  queryKey: ["policy", "draft"],
  queryFn: ({ signal }) =>
    ask<KeptDraft>("GET", "/policy/draft", { signal }).catch((error: unknown) => {
      if (error instanceof Refused && (error.status === 404 || error.status === 403)) return null
      throw error
    }),
  // What is written meanwhile is in the page.
  staleTime: Infinity,
  gcTime: Infinity
})

export const testQuery = (text: string) =>
  queryOptions({
    queryKey: ["policy", "test", text],
    queryFn: ({ signal }) => ask<Tested>("POST", "/policy/test", { signal, body: { text } }),
    staleTime: 60_000
  })

/** On how much of what is there each device could do something; of the text, or of what is in force. */
export const reachQuery = (text: string | undefined) =>
  queryOptions({
    queryKey: ["policy", "reach", text],
    queryFn: async ({ signal }) =>
      (
        await ask<{ readonly reach: ReadonlyArray<Reach> }>("POST", "/policy/simulate", {
          signal,
          body: text === undefined ? {} : { text }
        })
      ).reach
  })

export const impactQuery = (text: string) =>
  queryOptions({
    queryKey: ["policy", "impact", text],
    queryFn: ({ signal }) => ask<Impacts>("POST", "/policy/diff", { signal, body: { text } })
  })

export const explainQuery = (question: Question) =>
  queryOptions({
    queryKey: ["policy", "explain", question],
    queryFn: ({ signal }) => ask<Explanation>("POST", "/policy/explain", { signal, body: question })
  })

export const versionsQuery = queryOptions({
  queryKey: ["policy", "versions"],
  queryFn: async ({ signal }) =>
    (await ask<{ readonly versions: ReadonlyArray<Version> }>("GET", "/policy/versions", { signal })).versions
})
