/** Why a whole space was not exported or imported. */
import * as Schema from "effect/Schema"

/** The file is no whole export. Nothing was written. */
export class ExportMalformed extends Schema.TaggedError<ExportMalformed>()("ExportMalformed", {
  file: Schema.String,
  line: Schema.Int,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.file}, line ${this.line}: ${this.problem}. Nothing was written.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The export is of another space. */
export class ExportForeign extends Schema.TaggedError<ExportForeign>()("ExportForeign", {
  file: Schema.String,
  space: Schema.String,
  here: Schema.String
}) {
  override get message(): string {
    return `${this.file} is of the space ${this.space}, and the folder's is ${this.here}. Make the folder with the same --space name.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The folder holds something already. */
export class SpaceNotEmpty extends Schema.TaggedError<SpaceNotEmpty>()("SpaceNotEmpty", { folder: Schema.String }) {
  override get message(): string {
    return `${this.folder} holds records already, or did. Import into a new folder.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** Some of the space cannot be read here. */
export class SpaceLocked extends Schema.TaggedError<SpaceLocked>()("SpaceLocked", {
  folder: Schema.String,
  commits: Schema.Int
}) {
  override get message(): string {
    return `${this.folder} has no key for ${this.commits} sealed commits. Export where all of the space can be read.`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** What was written is not what the export says. */
export class ImportDiffers extends Schema.TaggedError<ImportDiffers>()("ImportDiffers", {
  expected: Schema.String,
  found: Schema.String
}) {
  override get message(): string {
    return `What was imported has the state hash ${this.found}, and the export says ${this.expected}. Keep the export, and import it into a new folder.`
  }
  get isRetryable(): boolean {
    return false
  }
}
