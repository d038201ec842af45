/** The hub's settings: what is in force and where it comes from, and changing those that take effect at once. */
import { AdminSettings } from "@syncline/core/admin"
import { Effect } from "effect"
import * as peopleProblems from "../people/peopleProblems.ts"
import { endpoint } from "../rest/Endpoint.ts"
import { RunTimeSettings } from "./RunTimeSettings.ts"

const tag = "operation"
const all = Effect.flatMap(RunTimeSettings, (desk) => Effect.map(desk.all, (settings) => ({ settings })))

export const settingsEndpoints = [
  endpoint({
    id: "settings.list",
    method: "GET",
    path: "/settings",
    summary: "All settings: of numbers and choices what is in force, of others whether they are set; and where from.",
    tag,
    access: { kind: "scope", scope: "operate:read" },
    answer: AdminSettings.Settings,
    problems: {},
    run: () => all
  }),
  endpoint({
    id: "settings.change",
    method: "PATCH",
    path: "/settings",
    summary:
      "Changes settings that take effect at once, all or none, and keeps them; null is what it was at the start.",
    tag,
    access: { kind: "scope", scope: "operate:write", isFresh: true },
    body: AdminSettings.SettingChanges,
    answer: AdminSettings.Settings,
    problems: { SettingsUnfit: 422, SetByEnvironment: 409, ...peopleProblems.store },
    audit: ({ body: { values } }) =>
      `set ${Object.entries(values)
        .map(([key, value]) => `${key} to ${value === null ? "what it was at the start" : String(value)}`)
        .join(", ")}`,
    run: ({ body: { values } }) => Effect.flatMap(RunTimeSettings, (desk) => Effect.andThen(desk.change(values), all))
  })
]
