/**
 * Who belongs to a team, as its hub answers: members, devices, roles and teams of the charter. What may be written
 * there the hub decides.
 */
import { AdminTeam } from "@syncline/core/admin"
import { PolicyDesk } from "@syncline/policy"
import { Effect } from "effect"
import * as FolderDesk from "./FolderDesk.ts"
import type * as HubClient from "./HubClient.ts"
import * as LocalDoor from "./LocalDoor.ts"

export type Team = AdminTeam.Team

/** The team of the hub that runs on the folder, or as the folder knows it. */
export const ask = (folder: string) =>
  FolderDesk.ask(folder, question, ({ charter }) => Effect.sync(() => PolicyDesk.summary(charter)))

/** The team of the hub that runs on the folder, for who means to change it. */
export const askHub = (folder: string) => LocalDoor.ask(folder, question)

const question: HubClient.Question<Team, typeof AdminTeam.Team.Encoded> = { path: "charter", answer: AdminTeam.Team }
