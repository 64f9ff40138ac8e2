import Link, { type LinkProps } from "@cloudscape-design/components/link";
import { useNavigate } from "react-router";

/** A link to another page of the console. */
export function PageLink({ href, ...rest }: LinkProps & { href: string }) {
  const navigate = useNavigate();
  return (
    <Link
      {...rest}
      href={href}
      onFollow={(e) => {
        if (!e.detail.external) {
          e.preventDefault();
          void navigate(href);
        }
      }}
    />
  );
}
