/** Why the hub takes in no export now, beside what is wrong with the export. */
import { Schema } from "effect"

/** The export has more bytes than the hub takes. Import it at the terminal, while the hub is stopped. */
export class ImportTooLarge extends Schema.TaggedError<ImportTooLarge>()("ImportTooLarge", { bytesMax: Schema.Int }) {
  override get message(): string {
    return `the export has more than ${this.bytesMax} bytes; stop the hub and use: syncline space import`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Another export is being taken in. Wait until that is done. */
export class ImportUnderWay extends Schema.TaggedError<ImportUnderWay>()("ImportUnderWay", {}) {
  override get message(): string {
    return "another export is being taken in; wait until that is done"
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The file could not be kept while it arrived. Make room, or send it again. */
export class ImportUnkept extends Schema.TaggedError<ImportUnkept>()("ImportUnkept", { problem: Schema.String }) {
  override get message(): string {
    return `the export could not be kept while it arrived: ${this.problem}; nothing was written`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** Only who has the whole space takes all of it out, or brings it in. */
export class WholeSpaceNeeded extends Schema.TaggedError<WholeSpaceNeeded>()("WholeSpaceNeeded", {}) {
  override get message(): string {
    return "this is for who has the whole space, as an owner of the team does"
  }
  get isRetryable(): boolean {
    return false
  }
}

export class ImportError extends Schema.TaggedError<ImportError>()("ImportError", {
  reason: Schema.Union([ImportTooLarge, ImportUnderWay, ImportUnkept, WholeSpaceNeeded])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/** The boundary's error of a reason. */
export const because = (reason: ImportError["reason"]): ImportError => new ImportError({ reason })
