/** How this hub was started: its settings and since when it runs, for whoever looks at it from within. */
import { Context } from "effect"
import type { HubConfig } from "../HubConfig.ts"

export class RunningHub extends Context.Service<
  RunningHub,
  {
    readonly config: HubConfig
    /** Unix milliseconds. */
    readonly startedMs: number
  }
>()("@syncline/server/operation/RunningHub") {}
