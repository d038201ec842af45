/** Why a whole space was not exported or imported. */
import { Schema } from "effect"

/** The file is no whole export. Nothing was written. Export again. */
export class ExportMalformed extends Schema.TaggedError<ExportMalformed>()("ExportMalformed", {
  line: Schema.Int,
  problem: Schema.String
}) {
  override get message(): string {
    return `line ${this.line} of the export: ${this.problem}; nothing was written`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The file cannot be read. Name another one. */
export class ExportUnreadable extends Schema.TaggedError<ExportUnreadable>()("ExportUnreadable", {
  problem: Schema.String
}) {
  override get message(): string {
    return `the export cannot be read: ${this.problem}`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The export is of another space. Import it where the space has the same name. */
export class ExportForeign extends Schema.TaggedError<ExportForeign>()("ExportForeign", {
  space: Schema.String,
  here: Schema.String
}) {
  override get message(): string {
    return `the export is of the space ${this.space}, and this one is ${this.here}; import it where the space has the same name`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** There is something already. Import into a new folder. */
export class SpaceNotEmpty extends Schema.TaggedError<SpaceNotEmpty>()("SpaceNotEmpty", {}) {
  override get message(): string {
    return "the space holds records already, or did; import into a new folder"
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Some of the space cannot be read here. Export where all of it can be read. */
export class SpaceUnread extends Schema.TaggedError<SpaceUnread>()("SpaceUnread", { commits: Schema.Int }) {
  override get message(): string {
    return `there is no key here for ${this.commits} sealed commits; export where all of the space can be read`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** What was written is not what the export says. Keep the export, and import it into a new folder. */
export class ImportDiffers extends Schema.TaggedError<ImportDiffers>()("ImportDiffers", {
  expected: Schema.String,
  found: Schema.String
}) {
  override get message(): string {
    const hashes = `what is here now has the state hash ${this.found}, and the export says ${this.expected}`
    return `${hashes}; keep the export, and import it into a new folder that nobody else writes to meanwhile`
  }
  get isRetryable(): boolean {
    return false
  }
}

export class ExchangeError extends Schema.TaggedError<ExchangeError>()("ExchangeError", {
  reason: Schema.Union([ExportForeign, ExportMalformed, ExportUnreadable, ImportDiffers, SpaceNotEmpty, SpaceUnread])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: ExchangeError["reason"]): ExchangeError => new ExchangeError({ reason })
