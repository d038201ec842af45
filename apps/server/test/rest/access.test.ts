/** The whole list of endpoints, held against what the frame promises of each. */
import { Context, Effect } from "effect"
import { OnboardingDesk } from "@syncline/core"
import { expect, it } from "vitest"
import { endpoints } from "../../src/EndpointList.ts"
import type { Principal } from "../../src/rest/Principal.ts"
import { onboardingEndpoints } from "../../src/team/onboardingEndpoints.ts"
import { accountOf, callers, serve } from "./frame.ts"

const filled = (path: string) => `/api/v1${path.replaceAll(/:(\w+)/g, "x")}`
const bodyOf = (method: string) => (method === "GET" || method === "DELETE" ? {} : { body: { nonsense: 1 } })

it("[HR-2] every endpoint that is not open answers nobody 401, and who lacks its right 403, whatever is sent", async () => {
  const other: Principal = { kind: "token", account: accountOf("owner"), token: "t", scopes: new Set(["status:read"]) }
  const { ask } = await serve(endpoints, { callers: { ...callers, other } })
  for (const { access, id, method, path } of endpoints) {
    if (access.kind === "open") continue
    const nobody = await ask(filled(path), { method, ...bodyOf(method) })
    expect([id, nobody.status, nobody.body["code"]]).toEqual([id, 401, "SignInNeeded"])
    if (access.kind !== "scope") continue
    const as = access.scope === "team:read" ? "other" : "narrow"
    const narrow = await ask(filled(path), { as, method, ...bodyOf(method) })
    expect([id, narrow.status, narrow.body["code"]]).toEqual([id, 403, "ScopeMissing"])
    if (access.scope.endsWith(":read")) continue
    const viewer = await ask(filled(path), { as: "viewer", method, ...bodyOf(method) })
    expect([id, viewer.status, viewer.body["code"]]).toEqual([id, 403, "ScopeMissing"])
  }
})

it("[HR-3] no endpoint takes fields that it does not know", async () => {
  const { ask } = await serve(endpoints)
  for (const { access, body, id, method, path } of endpoints) {
    if (body === undefined) continue
    const as = access.kind === "open" ? {} : { as: "owner" }
    const answer = await ask(filled(path), { ...as, method, body: { nonsense: 1 } })
    expect([id, answer.status, answer.body["code"]]).toEqual([id, 400, "InputInvalid"])
  }
})

it("[HR-6] whatever ends something for good takes a sign-in within the last ten minutes", () => {
  const ending = ["members.remove", "devices.remove", "accounts.remove", "backups.remove", "seal.put", "space.import"]
  const waiting = endpoints.filter(
    ({ access, id }) => ending.includes(id) && access.kind === "scope" && !access.isFresh
  )
  expect(endpoints.filter(({ id }) => ending.includes(id))).toHaveLength(ending.length)
  expect(waiting.map(({ id }) => id)).toEqual([])
})

it("[HR-11] whatever takes a right to write tells the audit, here or by the desk for invitations", () => {
  const silent = endpoints.filter(
    ({ access, audit, method }) =>
      method !== "GET" && access.kind === "scope" && !access.scope.endsWith(":read") && audit === undefined
  )
  const desks = onboardingEndpoints.filter(({ access, method }) => access.kind === "scope" && method !== "GET")
  expect(silent.map(({ id }) => id).toSorted()).toEqual(desks.map(({ id }) => id).toSorted())
})

it("[HT-3] invitations and requests are made, ended and answered in the person's name, by what its member may", async () => {
  const told: Array<unknown> = []
  const asked = (...all: ReadonlyArray<unknown>) => {
    told.push(all.at(-1))
    return Effect.die("nobody is invited here")
  }
  const invite = ({ behalf }: OnboardingDesk.InviteOptions) => asked(behalf)
  const desk = { invite, revoke: asked, approve: asked, reject: asked }
  const services = Context.make(
    OnboardingDesk.OnboardingDesk,
    desk as unknown as OnboardingDesk.OnboardingDeskShape
  ) as unknown as Context.Context<never>
  const session = (member: string | undefined): Principal => ({
    kind: "session",
    account: accountOf("admin", member),
    session: "s",
    signedInMs: Date.now()
  })
  const callers = { mia: session("mia"), nobody: session(undefined), door: { kind: "door" } } as const
  const { ask } = await serve(onboardingEndpoints, { services, callers })
  const id = { id: "1" }
  for (const [path, body] of [
    ["/invitations", { key: "0".repeat(64) }],
    ["/invitations/revoke", id],
    ["/requests/approve", id],
    ["/requests/reject", id]
  ] as const) {
    const post = (as: string) => ask(`/api/v1${path}`, { as, method: "POST", body })
    expect(await post("nobody")).toMatchObject({ status: 403, body: { code: "AccountUnlinked" } })
    await post("mia")
    await post("door")
  }
  const mia = { name: "the admin (mia)", member: "mia" }
  expect(told).toEqual([mia, undefined, mia, undefined, mia, undefined, mia, undefined])
})
