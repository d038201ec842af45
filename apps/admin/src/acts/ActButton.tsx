/** A button that does something at the hub: it waits for a yes where that cannot be undone, and says how the same is done at the terminal. */
import { Button, type ButtonProps, Group, Tooltip } from "@mantine/core"
import { type ReactNode, useRef } from "react"
import type { Operation } from "../elements/command.ts"
import { CopyCommand } from "../elements/CopyButton.tsx"
import { type Scope, useMay } from "../session/who.ts"
import { confirm, type Question } from "./confirm.tsx"
import { type Act, useAct } from "./useAct.ts"

interface Props<Out>
  extends Omit<Act<void, Out>, "run">, Pick<ButtonProps, "color" | "variant" | "size" | "leftSection"> {
  readonly label: string
  readonly run: () => Promise<Out>
  readonly operation: Operation | ReadonlyArray<Operation>
  readonly scope?: Scope
  /** Asked before. */
  readonly question?: Question
  readonly isDisabled?: boolean
}

export const ActButton = <Out,>({
  isDisabled = false,
  label,
  operation,
  question,
  scope,
  color,
  variant = "default",
  size = "xs",
  leftSection,
  ...act
}: Props<Out>) => {
  const { isPending, mutate } = useAct(act)
  // Two clicks ask once.
  const isAsked = useRef(false)
  const onClick = async (): Promise<void> => {
    if (isAsked.current) return
    isAsked.current = true
    const isYes = question === undefined || (await confirm(question, operation))
    isAsked.current = false
    if (isYes) mutate()
  }
  return (
    <Group gap={2} wrap="nowrap">
      <Allowed scope={scope}>
        {(may) => (
          <Button
            variant={variant}
            size={size}
            {...(color === undefined ? {} : { color })}
            leftSection={leftSection}
            loading={isPending}
            disabled={isDisabled || !may}
            onClick={() => void onClick()}
          >
            {label}
          </Button>
        )}
      </Allowed>
      <CopyCommand operation={operation} />
    </Group>
  )
}

interface AllowedProps {
  readonly scope: Scope | undefined
  readonly children: (may: boolean) => ReactNode
}

/** What somebody may not do is there, and says what it would take. */
export const Allowed = ({ children, scope }: AllowedProps) => {
  const may = useMay(scope)
  if (may) return children(true)
  return (
    <Tooltip label={`This takes the right ${scope}, which you do not have here`}>
      <span tabIndex={0}>{children(false)}</span>
    </Tooltip>
  )
}
