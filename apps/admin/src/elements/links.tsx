/** The pages' own links in the look of buttons and of text. */
import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core"
import { createLink } from "@tanstack/react-router"
import type { AnchorHTMLAttributes, Ref } from "react"

type Own<P> = P & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof P> & { readonly ref?: Ref<HTMLAnchorElement> }

const AsButton = (props: Own<ButtonProps>) => <Button component="a" {...props} />
const AsText = (props: Own<AnchorProps>) => <Anchor {...props} />

export const ButtonLink = createLink(AsButton)
export const AnchorLink = createLink(AsText)
