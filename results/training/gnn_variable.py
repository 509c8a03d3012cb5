"""A graph network of four layers (torch_geometric) on random graphs; the number of nodes and edges changes from step to step. Adam."""

import random

import deterministic  # first: it sets what CUDA reads once

import torch
from torch_geometric.nn import MessagePassing


class MeanConv(MessagePassing):
    """Mean over neighbours, as GraphSAGE's, summed by index_add_, which has a deterministic form."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.neighbours = torch.nn.Linear(inputs, outputs)
        self.own = torch.nn.Linear(inputs, outputs)

    def forward(self, x, edges):
        return self.neighbours(self.propagate(edges, x=x)) + self.own(x)

    def message(self, x_j):
        return x_j

    def aggregate(self, inputs, index, dim_size=None):
        total = inputs.new_zeros(dim_size, inputs.size(1)).index_add_(0, index, inputs)
        count = inputs.new_zeros(dim_size).index_add_(0, index, inputs.new_ones(index.numel()))
        return total / count.clamp(min=1).unsqueeze(1)


class Net(torch.nn.Module):
    def __init__(self, features=128, hidden=256, classes=40, layers=4):
        super().__init__()
        sizes = [features, *[hidden] * (layers - 1), classes]
        self.convs = torch.nn.ModuleList(MeanConv(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x, edges):
        for conv in self.convs[:-1]:
            x = torch.nn.functional.dropout(torch.relu(conv(x, edges)), 0.2, self.training)
        return self.convs[-1](x, edges)


def main():
    deterministic.settle(7)
    model = Net().cuda()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    log = deterministic.StepLog()
    for step in deterministic.steps(40):
        log.begin()
        nodes = random.randrange(20_000, 160_000)
        edges = torch.randint(0, nodes, (2, nodes * random.randrange(4, 12)), device="cuda")
        x = torch.randn(nodes, 128, device="cuda")
        labels = torch.randint(0, 40, (nodes,), device="cuda")
        loss = torch.nn.functional.cross_entropy(model(x, edges), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        log.end(step, loss.detach())


if __name__ == "__main__":
    main()
