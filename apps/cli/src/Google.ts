/**
 * Where Google is for a run: at its own addresses, unless whoever runs the command line says otherwise, which tests do with a
 * server on this machine. No flag and no setting of the environment changes it: a token goes where Google is.
 */
import type { GoogleDriveOptions } from "@syncline/transport-gdrive"
import * as Context from "effect/Context"

export type GooglePlace = Pick<GoogleDriveOptions, "endpoints" | "freshForMs" | "pollEveryMs">

export const Google = Context.Reference<GooglePlace>("@syncline/cli/Google", { defaultValue: () => ({}) })
