"""What is served: everything at once, or the tools, or what could not be carried as it was written."""

from fastapi import APIRouter

from bridge.control.routes.apis import views
from bridge.control.steering import Steered
from bridge.control.views import CatalogView, FindingView, ResourceView, SourceView, ToolView, prompts

router = APIRouter(prefix="/admin", tags=["catalog"])


@router.get("/catalog", summary="Everything that is served")
async def read_catalog(steering: Steered) -> CatalogView:
    rt = steering.holder.current
    return CatalogView(
        version=rt.version,
        digest=rt.digest,
        tokens=rt.catalog.tokens,
        sources=[SourceView(name=source.name, digest=source.digest) for source in rt.catalog.sources],
        apis=views(steering),
        tools=[ToolView.of(tool) for tool in rt.catalog.tools.values()],
        resources=[ResourceView.of(resource) for resource in rt.catalog.resources],
        prompts=prompts(rt),
        findings=[FindingView.of(finding) for finding in rt.catalog.findings],
    )


@router.get("/tools", summary="The tools that agents see")
async def list_tools(steering: Steered) -> list[ToolView]:
    return [ToolView.of(tool) for tool in steering.holder.current.catalog.tools.values()]


@router.get("/findings", summary="What could not be carried as it was written")
async def list_findings(steering: Steered) -> list[FindingView]:
    return [FindingView.of(finding) for finding in steering.holder.current.catalog.findings]
