package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"triptych/domain/fault"
	"triptych/internal/kafka"
	"triptych/internal/postgres"
	reportsv1 "triptych/proto/reports/v1"
	"triptych/store/reports"
)

type server struct {
	reportsv1.UnimplementedReportsServer
	db        *pgxpool.Pool
	log       *kafka.Client
	projector *projector
}

// Sales implements reportsv1.ReportsServer.
func (s *server) Sales(ctx context.Context, in *reportsv1.SalesRequest) (*reportsv1.SalesReport, error) {
	from, err := day("/from", in.GetFrom())
	if err != nil {
		return nil, err
	}
	to, err := day("/to", in.GetTo())
	if err != nil {
		return nil, err
	}
	seen, err := s.look(ctx) // first: what comes afterwards can only make the report fresher
	if err != nil {
		return nil, err
	}
	var report reports.Report
	var asOf time.Time
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
		err := reports.Freeze(ctx, tx)
		if err != nil {
			return err
		}
		if asOf, err = s.asOf(ctx, tx, seen); err != nil {
			return err
		}
		report, err = reports.Sales(ctx, tx, from, to)
		return err
	})
	if err != nil {
		return nil, err
	}
	return toProto(report, asOf), nil
}

// Rebuild implements reportsv1.ReportsServer. It returns when the projection has
// begun anew; reports say by their as_of how far it has come.
func (s *server) Rebuild(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	if err := s.projector.rebuild(ctx); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

func day(pointer, s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, fault.NewInvalid(pointer, "must be a day such as 2026-11-01")
	}
	return t, nil
}

func toProto(r reports.Report, asOf time.Time) *reportsv1.SalesReport {
	p := &reportsv1.SalesReport{
		AsOf: timestamppb.New(asOf), Orders: int64(r.Orders), Cancelled: int64(r.Cancelled),
		Revenue: int64(r.Revenue), Vat: int64(r.VAT), Discount: int64(r.Discount),
	}
	for _, d := range r.Days {
		p.Days = append(p.Days, &reportsv1.Day{Date: d.Date, Orders: int64(d.Orders), Revenue: int64(d.Revenue)})
	}
	for _, sold := range r.Products {
		p.Products = append(p.Products, &reportsv1.Product{Sku: sold.SKU, Units: int64(sold.Units), Revenue: int64(sold.Revenue)})
	}
	return p
}
